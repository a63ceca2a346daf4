package prose

import (
	"bytes"
	"compress/flate"
	"testing"
)

// packed is how long b becomes.
func packed(t *testing.T, b []byte) int {
	t.Helper()
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, flate.DefaultCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Len()
}

func TestContents(t *testing.T) {
	const n = 100_000
	w := NewWriter(1)
	text, noise := w.Text(n), w.Noise(n)
	if len(text) != n || len(noise) != n {
		t.Fatalf("Text(%d), Noise(%d): %d and %d bytes", n, n, len(text), len(noise))
	}
	if size := packed(t, text); size < n/10 || size > n/2 {
		t.Errorf("text packs to %d of %d bytes, want a tenth to a half", size, n)
	}
	if size := packed(t, noise); size < n {
		t.Errorf("noise packs to %d of %d bytes, want no less", size, n)
	}
	again := NewWriter(1)
	if !bytes.Equal(again.Text(n), text) || !bytes.Equal(again.Noise(n), noise) {
		t.Error("the same seed makes other contents")
	}
	if bytes.Equal(NewWriter(2).Text(n), text) {
		t.Error("another seed makes the same contents")
	}
}
