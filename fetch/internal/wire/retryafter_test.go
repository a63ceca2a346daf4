package wire

import (
	"net/http"
	"testing"
	"time"
)

func TestParseRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"": 0, "0": 0, "7": 7 * time.Second, " 7 ": 7 * time.Second, "60": time.Minute, "3600": time.Minute,
		"18446744073709551615": time.Minute, "99999999999999999999": 0, "-1": 0, "1.5": 0, "soon": 0,
		"Wed, 25 Nov 2026 12:00:10 GMT":      10 * time.Second,
		"Wednesday, 25-Nov-26 12:00:10 GMT":  10 * time.Second,
		"Wed, 25 Nov 2026 11:59:59 GMT":      0,
		"Wed, 25 Nov 2026 13:00:00 GMT":      time.Minute,
		"Wed, 25 Nov 9999 13:00:00 GMT":      time.Minute,
		"Wed, 25 Nov 2026 12:00:10 +0000 ??": 0,
	} {
		if got := parseRetryAfter(text, now); got != want {
			t.Errorf("parseRetryAfter(%q) = %s, want %s", text, got, want)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	header := http.Header{"Retry-After": {"5"}}
	for status, want := range map[int]time.Duration{429: 5 * time.Second, 503: 5 * time.Second, 500: 0, 301: 0, 200: 0} {
		if got := RetryAfter(&http.Response{StatusCode: status, Header: header}); got != want {
			t.Errorf("RetryAfter of an answer %d = %s, want %s", status, got, want)
		}
	}
}

// FuzzRetryAfter: no text makes anybody wait longer than the limit.
func FuzzRetryAfter(f *testing.F) {
	f.Add("7")
	f.Add("Wed, 25 Nov 2026 12:00:10 GMT")
	f.Fuzz(func(t *testing.T, text string) {
		if got := parseRetryAfter(text, time.Unix(1800000000, 0)); got < 0 || got > maxRetryAfter {
			t.Errorf("parseRetryAfter(%q) = %s", text, got)
		}
	})
}
