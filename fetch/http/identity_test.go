package http

import (
	nethttp "net/http"
	"testing"
)

func TestParseETag(t *testing.T) {
	for text, want := range map[string]string{
		`"abc"`: "abc", `W/"abc"`: `W/"abc"`, ` "abc" `: "abc", `"a/b-1"`: "a/b-1", "\"\xe4\"": "\xe4",
		"": "", "abc": "", `""`: "", `W/""`: "", `W/abc`: "", `w/"abc"`: "", `"`: "", `"a"b"`: "", `"a b"`: "", "\"a\x7f\"": "", "\"a\n\"": "",
	} {
		if got := parseETag(text); got != want {
			t.Errorf("parseETag(%q) = %q, want %q", text, got, want)
		}
	}
}

// FuzzIdentity: what a server's header says can be kept in a location, told apart from the other
// kinds, and sent back.
func FuzzIdentity(f *testing.F) {
	for _, seed := range []string{`"abc"`, `W/"abc"`, `"mtime:1"`, "Wed, 25 Nov 2026 12:00:10 GMT", "Wednesday, 25-Nov-26 12:00:10 GMT"} {
		f.Add(seed, seed)
	}
	f.Fuzz(func(t *testing.T, etag, modified string) {
		header := nethttp.Header{"Etag": {etag}, "Last-Modified": {modified}}
		id := identify(header, "")
		if err := checkETag(id); err != nil {
			t.Fatalf("identify(%q, %q) = %q: %v", etag, modified, id, err)
		}
		if again := identify(header, id); again != id {
			t.Fatalf("identify(%q, %q) = %q, then %q", etag, modified, id, again)
		}
		if sent := conditions(id).Get("If-Match"); sent != "" && parseETag(sent) != id {
			t.Fatalf("If-Match is %q for %q", sent, id)
		}
	})
}
