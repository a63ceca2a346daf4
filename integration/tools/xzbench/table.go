package main

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"text/tabwriter"
	"time"
)

func imageOf(dir, class string) string { return filepath.Join(dir, class+".squashfs") }

// table prints a line for each class.
func table(out io.Writer, dir string, peers []peer, rounds int) error {
	fmt.Fprintf(out, "MB/s of output on one core, and the ratio to liblzma %s; medians of %d rounds\n\n", liblzmaVersion(), rounds)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(w, "class\tblocks\tpacked\t")
	for _, p := range peers {
		fmt.Fprintf(w, "%s\t\t", p.name())
	}
	fmt.Fprintln(w)
	for _, c := range classes {
		if err := c.pack(imageOf(dir, c.name)); err != nil {
			return err
		}
		if err := c.line(w, dir, peers, rounds); err != nil {
			return err
		}
	}
	return w.Flush()
}

func (c class) line(w io.Writer, dir string, peers []peer, rounds int) error {
	blocks, err := load(imageOf(dir, c.name))
	if err != nil {
		return err
	}
	took, err := measure(c.name, blocks, peers, rounds)
	if err != nil {
		return err
	}
	packed := 0
	for _, b := range blocks {
		packed += len(b.packed)
	}
	size := len(blocks) * blockSize
	fmt.Fprintf(w, "%s\t%d\t%.0f %%\t", c.name, len(blocks), 100*float64(packed)/float64(size))
	for i := range peers {
		rate := float64(size) / median(took[i]).Seconds() / 1e6
		fmt.Fprintf(w, "%.1f\t%.2f x\t", rate, ratio(took[0], took[i]))
	}
	fmt.Fprintln(w)
	return nil
}

// measure lets the peers take turns. The first round is not counted.
func measure(class string, blocks []block, peers []peer, rounds int) ([][]time.Duration, error) {
	took := make([][]time.Duration, len(peers))
	for round := range rounds + 1 {
		for i, p := range peers {
			t, err := p.round(class, blocks)
			if err != nil {
				return nil, err
			}
			if round > 0 {
				took[i] = append(took[i], t)
			}
		}
	}
	return took, nil
}

func median(d []time.Duration) time.Duration {
	d = slices.Clone(d)
	slices.Sort(d)
	return d[len(d)/2]
}

// ratio is the median of the ratios of each round.
func ratio(base, d []time.Duration) float64 {
	r := make([]float64, len(d))
	for i := range d {
		r[i] = float64(base[i]) / float64(d[i])
	}
	slices.Sort(r)
	return r[len(r)/2]
}
