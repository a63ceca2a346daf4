package squash

import "testing"

func TestBlockListStaysSmall(t *testing.T) {
	for _, blocks := range []int64{1, minStride, minStride * maxMarks, minStride*maxMarks + 1, 1 << 40} {
		l, err := (&Image{}).newBlockList(t.Context(), listKey{blocks: blocks}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if l.size() > maxListSize {
			t.Errorf("%d blocks: a list can grow to %d bytes, want at most %d", blocks, l.size(), maxListSize)
		}
	}
}

func TestBlockListMarks(t *testing.T) {
	l, err := (&Image{}).newBlockList(t.Context(), listKey{blocks: 10 * minStride}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range []int64{1, 3, 1, 2} { // 3 comes too early, 1 again
		l.note(k*minStride, mark{data: k})
	}
	for _, c := range []struct{ index, wantIndex, wantData int64 }{
		{0, 0, 0}, {minStride - 1, 0, 0}, {minStride, minStride, 1}, {3*minStride - 1, 2 * minStride, 2}, {9 * minStride, 2 * minStride, 2},
	} {
		if mk, i := l.before(c.index); i != c.wantIndex || mk.data != c.wantData {
			t.Errorf("before(%d) = %d at %d, want %d at %d", c.index, mk.data, i, c.wantData, c.wantIndex)
		}
	}
}
