// Package report writes what was measured for people.
package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/pinfs/pinfs/cmd/pinfs-bench/internal/result"
)

// Text writes a report for a terminal.
func Text(out io.Writer, r result.Result) {
	fmt.Fprintf(out, "%s\n%s\n", machine(r.Machine), r.Command)
	for _, s := range r.Settings {
		fmt.Fprintf(out, "\n== %s (%s) ==\n", s.Title, image(s.Image))
		for _, line := range notes(s) {
			fmt.Fprintln(out, line)
		}
		for _, t := range tables(s) {
			t.text(out)
		}
		fmt.Fprintf(out, "\n%s\n", slower(s))
	}
}

// Markdown writes a report as a section of a document. Chart returns the path of a setting's charts, as
// seen from the document.
func Markdown(out io.Writer, r result.Result, charts func(s result.Setting) []string) {
	fmt.Fprintf(out, "%s; `%s`\n", machine(r.Machine), r.Command)
	for _, s := range r.Settings {
		fmt.Fprintf(out, "\n### %s\n\n%s:\n\n", s.Title, capital(image(s.Image)))
		for _, line := range notes(s) {
			fmt.Fprintf(out, "- %s\n", line)
		}
		for _, t := range tables(s) {
			t.markdown(out)
		}
		for _, path := range charts(s) {
			fmt.Fprintf(out, "\n![%s](%s)\n", strings.TrimSuffix(path[strings.LastIndexByte(path, '/')+1:], ".svg"), path)
		}
		fmt.Fprintf(out, "\n%s\n", slower(s))
	}
}

func machine(m result.Machine) string {
	text := fmt.Sprintf("%d cores of an %s, %s, %s, %s", m.Cores, m.CPU, m.Kernel, m.Go, m.Date)
	if m.DAMON {
		text += " (its DAMON takes pages away that were not used for a moment, so that what is warm may cost some requests)"
	}
	return text
}

func image(i result.Image) string {
	return fmt.Sprintf("an image of %s MiB with blocks of %s, %d entries with %s MiB", mib(float64(i.Size)), i.Block, i.Entries, mib(float64(i.Bytes)))
}

func capital(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

// notes say who was measured, and who was not.
func notes(s result.Setting) (lines []string) {
	for _, p := range s.Peers {
		lines = append(lines, p.Name+": "+p.Note)
	}
	for _, m := range s.Missing {
		lines = append(lines, m.Name+" was not measured: "+m.Reason)
	}
	disturbed := 0
	for _, m := range s.Measurements {
		if m.Disturbed {
			disturbed++
		}
	}
	if disturbed > 0 {
		lines = append(lines, fmt.Sprintf("%d of %d measurements were disturbed by another program, which dropped the kernel's caches: measure again",
			disturbed, len(s.Measurements)))
	}
	return lines
}

// margin is what counts as slower: less is within the spread of any machine.
const margin = 1.05

// slower lists where pinfs loses.
func slower(s result.Setting) string {
	var found []string
	for _, rival := range rivals(s) {
		for _, step := range s.Steps() {
			if r := s.Ratio(step, subject, rival); r.N > 0 && r.Median > margin {
				found = append(found, fmt.Sprintf("%s (%.2f x %s)", step, r.Median, rival))
			}
		}
	}
	switch {
	case len(rivals(s)) == 0 || len(s.Steps()) == 0:
		return "There is nothing to compare pinfs with."
	case len(found) == 0:
		return "pinfs is nowhere slower than the others."
	}
	return "pinfs is slower at: " + strings.Join(found, "; ") + "."
}
