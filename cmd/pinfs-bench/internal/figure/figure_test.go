package figure

import (
	"math"
	"testing"
)

func TestOf(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   Summary
	}{
		{[]float64{7}, Summary{1, 7, 7, 7}},
		{[]float64{3, 1}, Summary{2, 2, 1, 3}},
		{[]float64{9, 1, 2}, Summary{3, 2, 1, 9}},
		{[]float64{4, 1, 3, 2}, Summary{4, 2.5, 1, 4}},
	} {
		if got := Of(c.values); got != c.want {
			t.Errorf("Of(%v) = %v, want %v", c.values, got, c.want)
		}
	}
	if got := Of(nil); got.N != 0 || !math.IsNaN(got.Median) {
		t.Errorf("Of(nil) = %v, want no value", got)
	}
}

func TestOfKeepsItsInput(t *testing.T) {
	values := []float64{3, 1, 2}
	Of(values)
	if values[0] != 3 {
		t.Errorf("Of sorted its argument: %v", values)
	}
}

func TestRatio(t *testing.T) {
	for _, c := range []struct {
		a, b []float64
		want Summary
	}{
		{[]float64{1, 4, 9}, []float64{2, 2, 3}, Summary{3, 2, 0.5, 3}}, // pairs, not medians
		{[]float64{1, 4}, []float64{0, 2}, Summary{1, 2, 2, 2}},
		{[]float64{6, 1}, []float64{3}, Summary{1, 2, 2, 2}},
	} {
		if got := Ratio(c.a, c.b); got != c.want {
			t.Errorf("Ratio(%v, %v) = %v, want %v", c.a, c.b, got, c.want)
		}
	}
	if got := Ratio(nil, []float64{1}); got.N != 0 {
		t.Errorf("Ratio of nothing = %v", got)
	}
}
