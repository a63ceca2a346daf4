package integration

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestPinIsTheFsverityDigest holds pins to the tool that anybody has.
func TestPinIsTheFsverityDigest(t *testing.T) {
	u := newUser(t)
	for _, n := range []int{0, 1, 131071, 131072, 131073, 4096 * 131072 / 100, 5_000_000} {
		name := filepath.Join(t.TempDir(), "image")
		write(t, name, n)
		want := strings.Fields(run(t, "fsverity", "digest", "--hash-alg=sha256", "--block-size=131072", name))[0]
		if got := u.ok("pin", name); got != "fsverity-"+want {
			t.Errorf("%d bytes: pinfs pin = %s, fsverity digest = %s", n, got, want)
		}
	}
	u.fails(notFound, []string{"/nonexistent"}, "pin", "/nonexistent")
}
