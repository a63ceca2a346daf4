package http

import (
	"fmt"
	nethttp "net/http"
	"strings"
)

const (
	weakPrefix  = "W/"
	mtimePrefix = "mtime:"
)

// identify returns what an answer says about its object's identity, "" if nothing: its ETag, or else
// its modification time. Where pinned is set only what is of the same kind counts.
func identify(header nethttp.Header, pinned string) string {
	etag, mtime := parseETag(header.Get("ETag")), parseMtime(header.Get("Last-Modified"))
	switch {
	case isMtime(pinned):
		return mtime
	case pinned != "" || etag != "":
		return etag
	}
	return mtime
}

// conditions makes a server refuse what is not the pinned object. There is none for a weak ETag:
// If-Match never matches one.
func conditions(pinned string) nethttp.Header {
	header := nethttp.Header{}
	switch {
	case pinned == "", isWeak(pinned):
	case isMtime(pinned):
		header.Set("If-Unmodified-Since", strings.TrimPrefix(pinned, mtimePrefix))
	default:
		header.Set("If-Match", `"`+pinned+`"`)
	}
	return header
}

func isWeak(etag string) bool { return strings.HasPrefix(etag, weakPrefix+`"`) }

// isMtime takes no server's ETag for a date: that one has spaces.
func isMtime(etag string) bool {
	return strings.HasPrefix(etag, mtimePrefix) && strings.Contains(etag, " ")
}

// checkETag refuses the ETag of a location that identify can not have returned.
func checkETag(etag string) error {
	var again string
	switch {
	case etag == "":
	case isMtime(etag):
		again = parseMtime(strings.TrimPrefix(etag, mtimePrefix))
	case isWeak(etag):
		again = parseETag(etag)
	default:
		again = parseETag(`"` + etag + `"`)
	}
	if again != etag {
		return fmt.Errorf("%.80q is no ETag of a web server", etag)
	}
	return nil
}

// parseETag returns a strong ETag without its quotes and a weak one as it is. What is no ETag by
// RFC 9110, or empty, is "".
func parseETag(s string) string {
	s = strings.TrimSpace(s)
	opaque, weak := strings.CutPrefix(s, weakPrefix)
	if len(opaque) < 3 || opaque[0] != '"' || opaque[len(opaque)-1] != '"' {
		return ""
	}
	text := opaque[1 : len(opaque)-1]
	for i := range len(text) {
		if c := text[i]; c <= ' ' || c == '"' || c == 0x7f {
			return ""
		}
	}
	if weak {
		return s
	}
	return text
}

// parseMtime returns an HTTP date in its usual form behind mtimePrefix, "" if it is none.
func parseMtime(s string) string {
	t, err := nethttp.ParseTime(s)
	if err != nil {
		return ""
	}
	return mtimePrefix + t.UTC().Format(nethttp.TimeFormat)
}
