package integration

import (
	"net/http"
	"strings"
	"testing"

	"github.com/pinfs/pinfs/integration/s3server"
)

// damages are what is done to all that has to do with a part of an image: "image" or "manifest".
var damages = map[string]func(part string) meddler{
	"sent": func(part string) meddler {
		return func(x *exchange) {
			if x.about(part) && len(x.body) > 0 {
				x.body[len(x.body)/2] ^= 0x10
			}
			x.forward()
		}
	},
	"read back": func(part string) meddler {
		return func(x *exchange) {
			x.forward()
			if x.about(part) && x.req.Method == http.MethodGet && len(x.said) > 0 {
				x.said[len(x.said)/2] ^= 0x10
			}
		}
	},
}

// about says whether it is a request for that part of an image.
func (x *exchange) about(part string) bool { return strings.HasSuffix(x.req.URL.Path, "/"+part) }

// TestDamagedPublication: an image that does not arrive, or does not come back, as it was sent gets no
// name, whatever the size of it.
func TestDamagedPublication(t *testing.T) {
	sweeps(t, func(s *sweep) {
		s.requests(false)
		for _, size := range []int{300_000, 17 << 20} { // the second in parts
			s.size = size
			for what, damage := range damages {
				for _, part := range []string{"image", "manifest"} {
					a := s.attempt(false)
					a.damaged(what+", "+part, damage(part))
					a.recovers(what, "", true)
				}
			}
		}
		if left := s.unfinished(); len(left) > 0 {
			t.Errorf("uploads in parts that were left: %q", left)
		}
	})
}

// TestStoreThatKeepsOtherBytes: the server says that it has what was sent, and has not.
func TestStoreThatKeepsOtherBytes(t *testing.T) {
	server := s3server.Start(t, s3server.Config{Kind: s3server.Versitygw})
	s := newSweepOf(t, server)
	for _, size := range []int{300_000, 17 << 20} {
		s.size = size
		for _, part := range []string{"image", "manifest"} {
			a, stored := s.attempt(false), ""
			a.damaged("kept, "+part, func(x *exchange) {
				x.forward()
				if x.about(part) && x.stores() {
					_, key, _ := strings.Cut(x.req.URL.Path[1:], "/")
					stored = server.StoredFile(s.bucket, key)
					flip(t, stored, 12345%int64(len(content(t, stored))))
				}
			})
			if stored == "" {
				t.Errorf("no %s was stored", part)
				continue
			}
			a.direct.fails(broken, []string{"corrupt", "delete s3://"}, a.args(a.image, "")...)
			flip(t, stored, 12345%int64(len(content(t, stored))))
			a.recovers("kept, "+part, "", false)
		}
	}
}

// stores says whether an object is there from then on.
func (x *exchange) stores() bool {
	query := x.req.URL.Query()
	writes := x.req.Method == http.MethodPut || x.req.Method == http.MethodPost
	return writes && !query.Has("uploads") && !query.Has("partNumber") && x.answer != nil && x.answer.StatusCode == http.StatusOK
}

// damaged publishes under damage, which must be found out.
func (a *attempt) damaged(what string, damage meddler) {
	a.t.Helper()
	a.tap.begin(damage)
	code, words := a.outcome()
	if now := a.pinNow(what); now != "" || code != broken && code != unavailable {
		a.t.Errorf("%s: exit %d, the name stands for %q, want %d or %d and nothing; %s", what, code, now, broken, unavailable, words)
	}
	if n := a.revisions(); n != 0 {
		a.t.Errorf("%s: there are %d records", what, n)
	}
	if left := a.intents(); len(left) > 0 {
		a.t.Errorf("%s: left behind are %q", what, left)
	}
	a.t.Logf("%s, %d bytes: exit %d", what, a.size, code)
}
