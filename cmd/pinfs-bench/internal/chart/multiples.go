package chart

import (
	"strconv"

	"gonum.org/v1/plot"
)

// multiples puts ticks at 1, 2, 5 and their tenfolds and tenths.
type multiples struct{}

// Ticks implements plot.Ticker.
func (multiples) Ticks(low, high float64) (ticks []plot.Tick) {
	for decade := 1e-4; decade <= high; decade *= 10 {
		for _, digit := range []float64{1, 2, 5} {
			if v := digit * decade; v >= low*0.999 && v <= high*1.001 {
				ticks = append(ticks, plot.Tick{Value: v, Label: strconv.FormatFloat(v, 'g', 2, 64)})
			}
		}
	}
	return ticks
}
