package wire

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxRetryAfter bounds what is believed of a server in maintenance: others may serve long before.
const maxRetryAfter = time.Minute

// RetryAfter returns how long the server asks to wait before the next request, at most a minute; 0
// unless it refuses for now (status 429 or 503) and says how long.
func RetryAfter(resp *http.Response) time.Duration {
	if resp.StatusCode != http.StatusTooManyRequests && resp.StatusCode != http.StatusServiceUnavailable {
		return 0
	}
	return parseRetryAfter(resp.Header.Get("Retry-After"), time.Now())
}

// parseRetryAfter reads seconds or an HTTP date. What is past or makes no sense is 0.
func parseRetryAfter(s string, now time.Time) time.Duration {
	s = strings.TrimSpace(s)
	if seconds, err := strconv.ParseUint(s, 10, 64); err == nil {
		return time.Duration(min(seconds, uint64(maxRetryAfter/time.Second))) * time.Second
	}
	when, err := http.ParseTime(s)
	if err != nil {
		return 0
	}
	return min(max(when.Sub(now), 0), maxRetryAfter)
}
