package chart

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/pinfs/pinfs/cmd/pinfs-bench/internal/figure"
)

func sample() Chart {
	of := func(values ...float64) figure.Summary { return figure.Of(values) }
	return Chart{
		Title: "Time", Axis: "times as long as the kernel", Log: true, Rows: []string{"find, cold", "read & more"},
		Marks: []Marks{
			{"kernel", []figure.Summary{of(1), of(1)}},
			{"pinfs", []figure.Summary{of(0.3, 0.5, 0.6), of(0)}},
			{"nobody", []figure.Summary{of(), of()}},
		},
	}
}

func drawn(t *testing.T, c Chart) string {
	t.Helper()
	var out strings.Builder
	if err := c.SVG(&out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// TestSVG wants all words in well-formed XML, few bytes, and the same ones each time.
func TestSVG(t *testing.T) {
	for _, log := range []bool{true, false} {
		c := sample()
		c.Log = log
		svg := drawn(t, c)
		for _, word := range []string{"Time", "times as long", "find, cold", "read &amp; more", "kernel", "pinfs"} {
			if !strings.Contains(svg, word) {
				t.Errorf("log %v: %q is not in the chart", log, word)
			}
		}
		for d := xml.NewDecoder(strings.NewReader(svg)); ; {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("log %v: %v", log, err)
			}
		}
		if len(svg) > 40<<10 {
			t.Errorf("log %v: %d bytes for two rows", log, len(svg))
		}
		if drawn(t, c) != svg {
			t.Errorf("log %v: another drawing of the same chart differs", log)
		}
	}
}

func TestMultiples(t *testing.T) {
	var got []string
	for _, tick := range (multiples{}).Ticks(0.2, 20) {
		got = append(got, tick.Label)
	}
	if want := "0.2 0.5 1 2 5 10 20"; strings.Join(got, " ") != want {
		t.Errorf("ticks %q, want %s", got, want)
	}
}
