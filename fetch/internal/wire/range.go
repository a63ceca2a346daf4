package wire

import (
	"strconv"
	"strings"
)

// parseContentRange reads "bytes first-last/total".
func parseContentRange(s string) (first, last, total int64, ok bool) {
	s, isBytes := strings.CutPrefix(s, "bytes ")
	span, size, hasSize := strings.Cut(s, "/")
	from, to, hasSpan := strings.Cut(span, "-")
	if !isBytes || !hasSize || !hasSpan {
		return 0, 0, 0, false
	}
	first, errFirst := strconv.ParseInt(from, 10, 64)
	last, errLast := strconv.ParseInt(to, 10, 64)
	total, errTotal := strconv.ParseInt(size, 10, 64)
	ok = errFirst == nil && errLast == nil && errTotal == nil && 0 <= first && first <= last && last < total
	return first, last, total, ok
}
