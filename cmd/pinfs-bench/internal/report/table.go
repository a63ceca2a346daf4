package report

import (
	"fmt"
	"io"
	"strings"
)

// table is a heading and rows of as many cells.
type table struct {
	title string
	head  []string
	rows  [][]string
}

// text aligns the columns, the first to the left and the others to the right.
func (t table) text(out io.Writer) {
	widths := make([]int, len(t.head))
	all := append([][]string{t.head}, t.rows...)
	for _, row := range all {
		for i, cell := range row {
			widths[i] = max(widths[i], len([]rune(cell)))
		}
	}
	fmt.Fprintf(out, "\n%s\n\n", t.title)
	for _, row := range all {
		line := fmt.Sprintf("%-*s", widths[0], row[0])
		for i, cell := range row[1:] {
			line += fmt.Sprintf("  %*s", widths[i+1], cell)
		}
		fmt.Fprintln(out, strings.TrimRight(line, " "))
	}
}

// markdown writes the table in its dialect with pipes.
func (t table) markdown(out io.Writer) {
	fmt.Fprintf(out, "\n%s:\n\n", t.title)
	fmt.Fprintf(out, "| %s |\n", strings.Join(t.head, " | "))
	fmt.Fprintf(out, "|---%s|\n", strings.Repeat("|---:", len(t.head)-1))
	for _, row := range t.rows {
		fmt.Fprintf(out, "| %s |\n", strings.Join(row, " | "))
	}
}
