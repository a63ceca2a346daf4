// Package result is what was measured.
package result

import (
	"fmt"
	"slices"

	"github.com/pinfs/pinfs/cmd/pinfs-bench/internal/figure"
)

// Result is all that one run of the harness found. Its JSON is stable.
type Result struct {
	Machine  Machine   `json:"machine"`
	Command  string    `json:"command"`
	Settings []Setting `json:"settings"`
}

// Machine is where it was measured.
type Machine struct {
	Date   string `json:"date"`
	CPU    string `json:"cpu"`
	Cores  int    `json:"cores"`
	Kernel string `json:"kernel"`
	Go     string `json:"go"`
	DAMON  bool   `json:"damon"` // the kernel takes pages that are not used from their owners, though there is room
}

// Setting is one image at one place, and the peers that mounted it.
type Setting struct {
	Name         string        `json:"name"` // a word, for file names
	Title        string        `json:"title"`
	Image        Image         `json:"image"`
	Peers        []Peer        `json:"peers"`
	Missing      []Missing     `json:"missing"`
	Digest       string        `json:"digest"` // of the whole tree, the same through each peer
	Measurements []Measurement `json:"measurements"`
}

// Image is what was mounted.
type Image struct {
	Block   string `json:"block"`   // as mksquashfs takes it
	Size    int64  `json:"size"`    // bytes
	Entries int    `json:"entries"` // of all kinds
	Bytes   int64  `json:"bytes"`   // of all files
}

// Peer is who was measured.
type Peer struct {
	Name string `json:"name"`
	Note string `json:"note"`
}

// Missing is who was not, and why.
type Missing struct {
	Name   string `json:"name"`
	Reason string `json:"reason"`
}

// Measurement is one step of a workload, done once.
type Measurement struct {
	Round   int     `json:"round"`
	Step    string  `json:"step"`
	Peer    string  `json:"peer"`
	Seconds float64 `json:"seconds"`

	// CPU seconds during the step, of the processes that serve the mount and of those that use it. The
	// kernel's squashfs decodes in the latter.
	Serving float64 `json:"servingCPU"`
	Reading float64 `json:"readingCPU"`

	Peak     int64  `json:"peak"`               // bytes that the serving processes had resident at most since the mount
	Requests *int64 `json:"requests,omitempty"` // of the kernel to the file system; nil where nobody counts
	Origin   *From  `json:"origin,omitempty"`   // nil for files on this machine

	Operations int64  `json:"operations"`
	Bytes      int64  `json:"bytes"`
	Sum        string `json:"sum,omitempty"` // of what was seen

	Disturbed bool `json:"disturbed,omitempty"` // another program dropped the kernel's caches meanwhile
}

// From is what came from an S3 server.
type From struct {
	Requests int64 `json:"requests"`
	Bytes    int64 `json:"bytes"`
}

// Steps lists the steps in the order in which they were done first.
func (s Setting) Steps() (steps []string) {
	for _, m := range s.Measurements {
		if !slices.Contains(steps, m.Step) {
			steps = append(steps, m.Step)
		}
	}
	return steps
}

// Of returns what a peer took for a step in each round.
func (s Setting) Of(step, peer string) (all []Measurement) {
	for _, m := range s.Measurements {
		if m.Step == step && m.Peer == peer {
			all = append(all, m)
		}
	}
	slices.SortStableFunc(all, func(a, b Measurement) int { return a.Round - b.Round })
	return all
}

// Values are one quantity of some measurements.
func Values(all []Measurement, of func(Measurement) float64) (values []float64) {
	for _, m := range all {
		values = append(values, of(m))
	}
	return values
}

// Seconds is the quantity that most is about.
func Seconds(m Measurement) float64 { return m.Seconds }

// Ratio is how long peer takes as a multiple of another one.
func (s Setting) Ratio(step, peer, than string) figure.Summary {
	return figure.Ratio(Values(s.Of(step, peer), Seconds), Values(s.Of(step, than), Seconds))
}

// Check returns an error if peers saw different things in the same step.
func (s Setting) Check() error {
	first := map[string]Measurement{}
	for _, m := range s.Measurements {
		f, seen := first[m.Step]
		if !seen {
			first[m.Step] = m
			continue
		}
		if m.Sum != f.Sum || m.Operations != f.Operations || m.Bytes != f.Bytes {
			return fmt.Errorf("%s, %s: %s saw %d operations, %d bytes, sum %s, but %s %d, %d, %s: one of them serves wrong bytes",
				s.Name, m.Step, f.Peer, f.Operations, f.Bytes, f.Sum, m.Peer, m.Operations, m.Bytes, m.Sum)
		}
	}
	return nil
}
