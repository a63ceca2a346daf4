package wire

import (
	"fmt"
	"testing"
)

func TestParseContentRange(t *testing.T) {
	for text, want := range map[string]bool{
		"bytes 0-0/1": true, "bytes 5-9/10": true,
		"": false, "bytes */10": false, "bytes 0-9/*": false, "bytes 0-10/10": false, "bytes 9-5/10": false,
		"0-9/10": false, "bytes 0-9": false, "bytes -5-9/10": false, "bytes 0-9/10 ": false, "bytes 0-99999999999999999999/10": false,
	} {
		if _, _, _, ok := parseContentRange(text); ok != want {
			t.Errorf("parseContentRange(%q) accepts: %v, want %v", text, ok, want)
		}
	}
}

// FuzzContentRange: what is accepted lies inside the object and reads back as itself.
func FuzzContentRange(f *testing.F) {
	f.Add("bytes 5-9/10")
	f.Add("bytes */10")
	f.Fuzz(func(t *testing.T, text string) {
		first, last, total, ok := parseContentRange(text)
		if !ok {
			return
		}
		if first < 0 || first > last || last >= total {
			t.Fatalf("parseContentRange(%q) = %d-%d/%d", text, first, last, total)
		}
		again := fmt.Sprintf("bytes %d-%d/%d", first, last, total)
		if f, l, n, ok := parseContentRange(again); !ok || f != first || l != last || n != total {
			t.Fatalf("parseContentRange(%q) differs from that of %q", again, text)
		}
	})
}
