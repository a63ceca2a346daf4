package verify

import (
	"slices"
	"testing"
)

func TestWarmFetchesOnce(t *testing.T) {
	o, image, _ := object(t, 20*leaf+5, Config{})
	if err := o.Warm(t.Context(), 3, 100); err != nil { // to the end
		t.Fatal(err)
	}
	before := image.calls()
	if err := o.Warm(t.Context(), 3, 18); err != nil || image.calls() != before {
		t.Errorf("Warm of what is at hand = %v after %d more reads", err, image.calls()-before)
	}
	if err := o.ReadAt(t.Context(), make([]byte, 5), 20*leaf); err != nil || image.calls() != before {
		t.Errorf("ReadAt = %v after %d more reads", err, image.calls()-before)
	}
	image.b[0] ^= 1
	if err := o.Warm(t.Context(), 0, 1); err == nil {
		t.Error("Warm of a wrong leaf succeeds")
	}
}

func TestTouched(t *testing.T) {
	o, _, _ := object(t, 20*leaf+5, Config{})
	if err := o.Warm(t.Context(), 0, 20); err != nil { // is no use
		t.Fatal(err)
	}
	for _, r := range [][2]int64{{9 * leaf, 1}, {2*leaf + 1, 2 * leaf}, {9 * leaf, 5}, {0, 1}} {
		if err := o.ReadAt(t.Context(), make([]byte, r[1]), r[0]); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := o.Touched(), []int64{9, 2, 3, 4, 0}; !slices.Equal(got, want) {
		t.Errorf("Touched = %v, want %v", got, want)
	}
	o.Forget()
	if got := o.Touched(); len(got) != 0 {
		t.Errorf("after Forget Touched = %v", got)
	}
	if o.Busy() {
		t.Error("Busy without a reader")
	}
}
