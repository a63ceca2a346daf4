// Package figure condenses what repeated measurements gave.
package figure

import (
	"math"
	"slices"
)

// Summary is the middle of some values, and how far apart they are.
type Summary struct {
	N      int     `json:"n"` // values
	Median float64 `json:"median"`
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
}

// Of summarises values, in any order. Without a value all is NaN.
func Of(values []float64) Summary {
	if len(values) == 0 {
		return Summary{Median: math.NaN(), Low: math.NaN(), High: math.NaN()}
	}
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return Summary{n, (sorted[(n-1)/2] + sorted[n/2]) / 2, sorted[0], sorted[n-1]}
}

// Ratio summarises a as multiples of b, pair by pair: a[i] and b[i] are of the same round, so that what
// slowed down a whole round cancels out. Pairs with a zero or missing b are left out.
func Ratio(a, b []float64) Summary {
	var ratios []float64
	for i := range min(len(a), len(b)) {
		if b[i] > 0 {
			ratios = append(ratios, a[i]/b[i])
		}
	}
	return Of(ratios)
}
