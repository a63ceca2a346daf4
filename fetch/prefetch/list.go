// Package prefetch fetches parts of an image before anybody asks for them.
package prefetch

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/pinfs/pinfs/fetch"
)

// Run is some leaves, one behind the other.
type Run struct {
	First int64 `json:"first"`
	N     int64 `json:"n"`
}

// List is leaves of one image in the order in which they are wanted.
type List struct {
	Pin  fetch.Pin
	Runs []Run
}

// head is what the first line of a list's file begins with; the pin follows.
const head = "# pinfs leaves of "

// NewList makes a list of leaves in the order of their first use.
func NewList(pin fetch.Pin, leaves []int64) List {
	l := List{Pin: pin}
	for _, index := range leaves {
		if n := len(l.Runs); n > 0 && l.Runs[n-1].First+l.Runs[n-1].N == index {
			l.Runs[n-1].N++
			continue
		}
		l.Runs = append(l.Runs, Run{index, 1})
	}
	return l
}

// Leaves returns how many leaves are in the list.
func (l List) Leaves() (n int64) {
	for _, r := range l.Runs {
		n += r.N
	}
	return n
}

// Write writes l as text: the pin, then a line for each run, FIRST or FIRST-LAST.
func (l List) Write(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "%s%s\n", head, l.Pin)
	for _, r := range l.Runs {
		if r.N == 1 {
			fmt.Fprintln(b, r.First)
		} else {
			fmt.Fprintf(b, "%d-%d\n", r.First, r.First+r.N-1)
		}
	}
	return b.Flush()
}

// maxRuns bounds the memory that a file takes: one run for each leaf of 128 GiB.
const maxRuns = 1 << 20

// ReadList reads what Write has written.
func ReadList(r io.Reader) (l List, err error) {
	lines := bufio.NewScanner(r)
	if !lines.Scan() || !strings.HasPrefix(lines.Text(), head) {
		return l, fmt.Errorf("line 1: want %q and a pin", head)
	}
	if l.Pin, err = fetch.ParsePin(strings.TrimPrefix(lines.Text(), head)); err != nil {
		return l, fmt.Errorf("line 1: %w", err)
	}
	for n := 2; lines.Scan(); n++ {
		run, err := parseRun(lines.Text())
		if err == nil && len(l.Runs) == maxRuns {
			err = fmt.Errorf("more than %d lines", maxRuns)
		}
		if err != nil {
			return l, fmt.Errorf("line %d: %w", n, err)
		}
		l.Runs = append(l.Runs, run)
	}
	return l, lines.Err()
}

func parseRun(s string) (Run, error) {
	from, to, isRange := strings.Cut(s, "-")
	first, err := strconv.ParseUint(from, 10, 40)
	last := first
	if err == nil && isRange {
		last, err = strconv.ParseUint(to, 10, 40)
	}
	if err != nil || last < first {
		return Run{}, fmt.Errorf("%.40q: want a leaf such as 12, or 12-15", s)
	}
	return Run{int64(first), int64(last - first + 1)}, nil
}
