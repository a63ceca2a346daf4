package status

import (
	"io"
	"strings"

	"github.com/VictoriaMetrics/metrics"
)

// WritePrometheus writes docs in the text format of Prometheus, for its textfile collector. All metrics
// are labelled with their mountpoint.
func WritePrometheus(w io.Writer, docs []Document) {
	metrics.ExposeMetadata(true)
	set := metrics.NewSet()
	for _, d := range docs {
		m := mountMetrics{set, label("mountpoint", d.Mountpoint)}
		m.document(d)
		for _, f := range d.Errors {
			m.counter("pinfs_failures_total", uint64(f.Count), label("verdict", string(f.Verdict)), label("object", f.Object))
		}
		for _, s := range d.Sources {
			m.source(s)
		}
		if d.Cache != nil {
			m.cache(*d.Cache)
		}
	}
	set.WritePrometheus(w)
}

// mountMetrics adds metrics of one mount to a set.
type mountMetrics struct {
	set   *metrics.Set
	mount string // its label
}

// document leaves out what only a worker knows while there is none: a counter that fell to 0 would be taken
// for one that began anew.
func (m mountMetrics) document(d Document) {
	m.gauge("pinfs_serving", truth(d.State == Serving))
	m.gauge("pinfs_start_time_seconds", float64(d.Since.Unix()))
	m.counter("pinfs_worker_restarts_total", uint64(d.Restarts))
	if d.Size == 0 { // no image has
		return
	}
	m.gauge("pinfs_mount_info", 1, label("kind", d.Kind), label("pin", d.Pin), label("name", d.Name), label("ref", d.Ref), label("state", d.State))
	m.gauge("pinfs_revision", float64(d.Revision))
	m.gauge("pinfs_image_bytes", float64(d.Size))
	m.counter("pinfs_verified_bytes_total", uint64(d.VerifiedBytes))
	m.counter("pinfs_requests_total", d.Requests)
	m.gauge("pinfs_goroutines", float64(d.Goroutines))
	for quantile, seconds := range map[string]float64{"0.5": d.Latency.P50, "0.95": d.Latency.P95, "0.99": d.Latency.P99} {
		m.gauge("pinfs_request_seconds", seconds, label("quantile", quantile))
	}
}

func (m mountMetrics) source(s Source) {
	url := label("source", s.URL)
	m.gauge("pinfs_source_used", truth(s.State == Used), url)
	if s.P95 > 0 {
		m.gauge("pinfs_source_p95_seconds", s.P95, url)
	}
}

func (m mountMetrics) cache(c Cache) {
	m.counter("pinfs_cache_hit_bytes_total", uint64(c.Hits))
	m.counter("pinfs_cache_stored_bytes_total", uint64(c.Stored))
	m.counter("pinfs_cache_damaged_blocks_total", uint64(c.Damaged))
	m.gauge("pinfs_cache_leaves", float64(c.Leaves))
	m.gauge("pinfs_image_leaves", float64(c.All))
}

func (m mountMetrics) gauge(name string, v float64, labels ...string) {
	m.set.GetOrCreateGauge(m.named(name, labels), func() float64 { return v })
}

func (m mountMetrics) counter(name string, v uint64, labels ...string) {
	m.set.GetOrCreateCounter(m.named(name, labels)).Set(v)
}

func (m mountMetrics) named(name string, labels []string) string {
	return name + "{" + strings.Join(append([]string{m.mount}, labels...), ",") + "}"
}

// label writes a label by the rules of the text format.
func label(name, value string) string {
	value = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(strings.ToValidUTF8(value, "\ufffd"))
	return name + `="` + value + `"`
}

func truth(is bool) float64 {
	if is {
		return 1
	}
	return 0
}
