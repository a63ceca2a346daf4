package report

import (
	"strings"

	"github.com/pinfs/pinfs/cmd/pinfs-bench/internal/figure"
	"github.com/pinfs/pinfs/cmd/pinfs-bench/internal/result"
)

// subject is whom the report is about.
const subject = "pinfs"

// tables are all of a setting.
func tables(s result.Setting) []table {
	all := []table{times(s), processor(s), memory(s)}
	if _, counted := requests(s, subject); counted {
		all = append(all, kernelRequests(s))
	}
	if len(s.Measurements) > 0 && s.Measurements[0].Origin != nil {
		all = append(all, origin(s))
	}
	return all
}

// rivals are the peers that pinfs is compared with; another way to run its own code is none.
func rivals(s result.Setting) (names []string) {
	for _, p := range s.Peers {
		if !strings.HasPrefix(p.Name, subject) {
			names = append(names, p.Name)
		}
	}
	return names
}

func names(s result.Setting) (names []string) {
	for _, p := range s.Peers {
		names = append(names, p.Name)
	}
	return names
}

// median is one quantity of a peer's in a step.
func median(s result.Setting, step, peer string, of func(result.Measurement) float64) float64 {
	return figure.Of(result.Values(s.Of(step, peer), of)).Median
}

// times has a row for each step: seconds of each peer, and how pinfs compares.
func times(s result.Setting) table {
	t := table{title: "Seconds, medians", head: append([]string{"what"}, names(s)...)}
	for _, r := range rivals(s) {
		t.head = append(t.head, subject+" / "+r)
	}
	for _, step := range s.Steps() {
		row := []string{step}
		for _, p := range names(s) {
			row = append(row, number(median(s, step, p, result.Seconds)))
		}
		for _, r := range rivals(s) {
			row = append(row, ratio(s.Ratio(step, subject, r)))
		}
		t.rows = append(t.rows, row)
	}
	return t
}

// processor has a row for each step: CPU seconds of each peer in all, and its serving processes' part.
func processor(s result.Setting) table {
	t := table{title: "CPU seconds in all, and of the processes that serve the mount, medians", head: append([]string{"what"}, names(s)...)}
	for _, step := range s.Steps() {
		row := []string{step}
		for _, p := range names(s) {
			all := median(s, step, p, func(m result.Measurement) float64 { return m.Serving + m.Reading })
			serving := median(s, step, p, func(m result.Measurement) float64 { return m.Serving })
			row = append(row, pair(seconds(all), seconds(serving)))
		}
		t.rows = append(t.rows, row)
	}
	return t
}

// memory has one row: the most that a peer had resident in any round.
func memory(s result.Setting) table {
	t := table{title: "MiB resident at most, of the processes that serve the mount", head: append([]string{"what"}, names(s)...)}
	for _, step := range s.Steps() {
		row := []string{step}
		for _, p := range names(s) {
			row = append(row, mib(figure.Of(result.Values(s.Of(step, p), func(m result.Measurement) float64 { return float64(m.Peak) })).High))
		}
		t.rows = append(t.rows, row)
	}
	return t
}

// requests are the FUSE requests of a peer in each step; false if nobody counted them.
func requests(s result.Setting, peer string) (cells []string, counted bool) {
	for _, step := range s.Steps() {
		all := s.Of(step, peer)
		for _, m := range all {
			if m.Requests == nil {
				return nil, false
			}
		}
		counted = counted || len(all) > 0
		cells = append(cells, count(median(s, step, peer, func(m result.Measurement) float64 { return float64(*m.Requests) })))
	}
	return cells, counted
}

// kernelRequests has a row for each step and a column for each peer that counts.
func kernelRequests(s result.Setting) table {
	t := table{title: "Requests of the kernel to the file system, medians", head: []string{"what"}}
	for _, step := range s.Steps() {
		t.rows = append(t.rows, []string{step})
	}
	for _, p := range names(s) {
		cells, counted := requests(s, p)
		if !counted {
			continue
		}
		t.head = append(t.head, p)
		for i, cell := range cells {
			t.rows[i] = append(t.rows[i], cell)
		}
	}
	return t
}

// origin has a row for each step: what came from the S3 server, since mounting for the first of a mount.
func origin(s result.Setting) table {
	t := table{title: "MiB from the S3 server and requests to it, medians", head: append([]string{"what"}, names(s)...)}
	for _, step := range s.Steps() {
		row := []string{step}
		for _, p := range names(s) {
			bytes := median(s, step, p, func(m result.Measurement) float64 { return float64(m.Origin.Bytes) })
			n := median(s, step, p, func(m result.Measurement) float64 { return float64(m.Origin.Requests) })
			row = append(row, pair(mib(bytes), count(n)))
		}
		t.rows = append(t.rows, row)
	}
	return t
}
