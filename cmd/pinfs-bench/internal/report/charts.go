package report

import (
	"github.com/pinfs/pinfs/cmd/pinfs-bench/internal/chart"
	"github.com/pinfs/pinfs/cmd/pinfs-bench/internal/figure"
	"github.com/pinfs/pinfs/cmd/pinfs-bench/internal/result"
)

// Charts returns the charts of a setting by a word that says what they show. There are none where nobody
// was measured.
func Charts(s result.Setting) map[string]chart.Chart {
	if len(rivals(s)) == 0 || len(s.Steps()) == 0 {
		return nil
	}
	charts := map[string]chart.Chart{"time": timeChart(s)}
	if s.Measurements[0].Origin != nil {
		charts["origin"] = originChart(s)
	}
	return charts
}

// timeChart compares all with the first rival.
func timeChart(s result.Setting) chart.Chart {
	first := rivals(s)[0]
	c := chart.Chart{Title: "Time", Axis: "times as long as " + first + " takes", Log: true, Rows: s.Steps()}
	for _, p := range names(s) {
		m := chart.Marks{Name: p}
		for _, step := range c.Rows {
			m.Values = append(m.Values, s.Ratio(step, p, first))
		}
		c.Marks = append(c.Marks, m)
	}
	return c
}

func originChart(s result.Setting) chart.Chart {
	c := chart.Chart{Title: "What the S3 server sends", Axis: "MiB", Rows: s.Steps()}
	for _, p := range names(s) {
		m := chart.Marks{Name: p}
		for _, step := range c.Rows {
			mib := func(m result.Measurement) float64 { return float64(m.Origin.Bytes) / (1 << 20) }
			m.Values = append(m.Values, figure.Of(result.Values(s.Of(step, p), mib)))
		}
		c.Marks = append(c.Marks, m)
	}
	return c
}
