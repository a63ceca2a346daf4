package wire

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/pinfs/pinfs/fetch"
)

func answerOf(etag, length, contentRange, body string) (*Answer, error) {
	header := http.Header{}
	for name, value := range map[string]string{"Content-Length": length, "Content-Range": contentRange} {
		if value != "" {
			header.Set(name, value)
		}
	}
	return NewAnswer(fetch.Location{URL: "u", ETag: etag}, header, io.NopCloser(strings.NewReader(body)))
}

func TestFill(t *testing.T) {
	for _, c := range []struct {
		name, length, contentRange, body string
		ok                               bool
	}{
		{"as asked", "4", "bytes 2-5/10", "abcd", true},
		{"in chunks", "", "bytes 2-5/10", "abcd", true},
		{"whole object", "4", "", "abcd", false},
		{"other start", "4", "bytes 3-6/10", "abcd", false},
		{"other length", "3", "bytes 2-4/10", "abc", false},
		{"lengths differ", "5", "bytes 2-5/10", "abcde", false},
		{"short body", "4", "bytes 2-5/10", "abc", false},
		{"long body", "4", "bytes 2-5/10", "abcde", false},
		{"total unknown", "4", "bytes 2-5/*", "abcd", false},
		{"nothing told", "", "", "abcd", false},
		{"negative", "-4", "", "", false},
	} {
		p := make([]byte, 4)
		a, err := answerOf("etag", c.length, c.contentRange, c.body)
		if err == nil {
			err = a.Fill(p, 2)
		}
		if c.ok && (err != nil || string(p) != "abcd" || a.Loc.Size != 10) || !c.ok && !errors.Is(err, fetch.ErrUnavailable) {
			t.Errorf("%s: Fill = %v with %q, want success: %v", c.name, err, p, c.ok)
		}
	}
	if _, err := answerOf("", "4", "bytes 2-5/10", "abcd"); !errors.Is(err, fetch.ErrUnavailable) {
		t.Errorf("NewAnswer without an ETag = %v, want unavailable", err)
	}
}

func TestFirst(t *testing.T) {
	for _, c := range []struct {
		length, contentRange, body, want string
	}{
		{"4", "bytes 0-3/10", "abcd", "abcd"},
		{"4", "bytes 0-3/4", "abcd", "abcd"},
		{"4", "bytes 1-4/10", "abcd", ""},
		{"4", "bytes 0-3/10", "abc", ""},
		{"8", "", "abcdefgh", "abcde"},
		{"2", "", "ab", "ab"},
		{"3", "bytes 0-2/10", "abc", ""},
	} {
		a, err := answerOf("etag", c.length, c.contentRange, c.body)
		if err != nil {
			t.Fatal(err)
		}
		n := int64(5)
		if c.length == "4" {
			n = 4
		}
		got, err := a.First(n)
		if c.want == "" && !errors.Is(err, fetch.ErrUnavailable) || c.want != "" && (err != nil || !bytes.Equal(got, []byte(c.want))) {
			t.Errorf("First(%d) of %+v = %q, %v, want %q", n, c, got, err, c.want)
		}
	}
}

// stalled is a body that ends with a verdict.
type stalled struct{}

func (stalled) Read([]byte) (int, error) {
	return 0, fmt.Errorf("%w: nothing for 8s", fetch.ErrUnavailable)
}

// TestVerdictOnce: who says why a body is short has said what that means.
func TestVerdictOnce(t *testing.T) {
	a, err := answerOf("etag", "4", "bytes 2-5/10", "")
	if err != nil {
		t.Fatal(err)
	}
	a.Body = io.NopCloser(stalled{})
	err = a.Fill(make([]byte, 4), 2)
	if want := "short body, 0 of 4 bytes: unavailable: nothing for 8s"; err == nil || err.Error() != want {
		t.Errorf("Fill = %v, want %s", err, want)
	}
}
