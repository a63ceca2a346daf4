package report

import (
	"fmt"
	"strings"
)

// The lines of a document between which the report stands.
const (
	begin = "<!-- pinfs-bench: make bench-docs writes what follows -->"
	end   = "<!-- pinfs-bench: end -->"
)

// Section returns document with what stands between the two marks replaced.
func Section(document, section string) (string, error) {
	before, rest, found := strings.Cut(document, begin)
	_, after, ended := strings.Cut(rest, end)
	if !found || !ended {
		return "", fmt.Errorf("no place for the report: the lines %q and %q are not there, add them", begin, end)
	}
	return before + begin + "\n\n" + strings.TrimSpace(section) + "\n\n" + end + after, nil
}
