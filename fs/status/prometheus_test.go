package status_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fs/status"
)

// TestPrometheus has Prometheus's own parser read what is written of a mount with odd names and of one
// that is dead.
func TestPrometheus(t *testing.T) {
	odd := "/mnt/a \"b\"\\c\nd,e={f}#ü\xff"
	var out bytes.Buffer
	status.WritePrometheus(&out, []status.Document{
		{
			Mountpoint: odd, Kind: "tree", Pin: "p", State: "corrupt", Since: time.Unix(5, 0), Size: 7, VerifiedBytes: 8, Requests: 9, Goroutines: 21, Latency: status.Latency{P50: 0.001, P95: 0.002, P99: 0.004},
			Errors:  []status.Failure{{Verdict: fetch.ErrCorrupt, Object: "s3://b/o", Count: 3}},
			Sources: []status.Source{{URL: "s3://b/o", State: status.Used, P95: 0.25}, {URL: "file:///x", State: status.PassedOver}},
			Cache:   &status.Cache{Hits: 10, Stored: 11, Damaged: 1, Leaves: 12, All: 13},
		},
		{Mountpoint: "/dead", State: status.Dead, Restarts: 2},
	})
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(out.Bytes()))
	if err != nil {
		t.Fatalf("%v in\n%s", err, out.String())
	}
	for name, want := range map[string]float64{
		"pinfs_failures_total": 3, "pinfs_cache_hit_bytes_total": 10, "pinfs_cache_leaves": 12, "pinfs_image_leaves": 13,
		"pinfs_source_p95_seconds": 0.25, "pinfs_requests_total": 9, "pinfs_goroutines": 21, "pinfs_verified_bytes_total": 8, "pinfs_start_time_seconds": 5,
	} {
		var got []float64
		for _, m := range families[name].GetMetric() {
			if m.GetLabel()[0].GetValue() != "/dead" {
				got = append(got, m.GetCounter().GetValue()+m.GetGauge().GetValue()+m.GetUntyped().GetValue())
			}
		}
		if len(got) != 1 || got[0] != want {
			t.Errorf("%s = %v, want %v", name, got, want)
		}
	}
	if n := len(families["pinfs_request_seconds"].GetMetric()); n != 3 {
		t.Errorf("%d quantiles, want 3", n)
	}
	if n := len(families["pinfs_source_used"].GetMetric()); n != 2 {
		t.Errorf("%d sources, want 2", n)
	}
	want := "/mnt/a \"b\"\\c\nd,e={f}#ü\ufffd"
	for name, both := range map[string]bool{"pinfs_serving": true, "pinfs_worker_restarts_total": true, "pinfs_requests_total": false, "pinfs_mount_info": false} {
		if n := len(families[name].GetMetric()); (n == 2) != both {
			t.Errorf("%s of %d mounts, of both: %v", name, n, both)
		}
	}
	if got := families["pinfs_image_bytes"].GetMetric()[0].GetLabel()[0].GetValue(); got != want {
		t.Errorf("mountpoint %q, want %q", got, want)
	}
}
