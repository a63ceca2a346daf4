package report

import (
	"fmt"
	"math"
	"strconv"

	"github.com/pinfs/pinfs/cmd/pinfs-bench/internal/figure"
)

// none stands where there is no figure.
const none = "-"

// number has three digits that count.
func number(x float64) string {
	if math.IsNaN(x) {
		return none
	}
	decimals := 0
	if x > 0 {
		decimals = min(max(2-int(math.Floor(math.Log10(x))), 0), 4)
	}
	return strconv.FormatFloat(x, 'f', decimals, 64)
}

// ratio is a median with its spread.
func ratio(s figure.Summary) string {
	if s.N == 0 {
		return none
	}
	return fmt.Sprintf("%.2f (%.2f-%.2f)", s.Median, s.Low, s.High)
}

// mib is a number of bytes.
func mib(n float64) string { return number(n / (1 << 20)) }

// count is a number of things.
func count(n float64) string {
	if math.IsNaN(n) {
		return none
	}
	return strconv.FormatFloat(n, 'f', 0, 64)
}

// seconds of a processor are known to a hundredth.
func seconds(n float64) string {
	if math.IsNaN(n) {
		return none
	}
	return strconv.FormatFloat(n, 'f', 2, 64)
}

// pair is two figures in one cell.
func pair(a, b string) string {
	if a == none {
		return none
	}
	return a + ", " + b
}
