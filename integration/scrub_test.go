package integration

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/integration/s3server"
)

// scrubbed is what `pinfs scrub --json` prints last.
type scrubbed struct {
	Verdict  string
	Complete bool
	Images   int
	Verdicts map[string]int
}

// scrub runs it, wants an exit code, and returns the first finding of a verdict and the summary.
func (u *user) scrub(store string, code int, verdict string) (found map[string]any, sum scrubbed) {
	u.t.Helper()
	r := u.run("scrub", "--json", store)
	lines := strings.Split(strings.TrimSpace(r.stdout), "\n")
	if r.code != code {
		u.t.Fatalf("scrub: exit %d, want %d\n%s%s", r.code, code, r.stdout, r.stderr)
	}
	for _, line := range lines[:len(lines)-1] {
		var f map[string]any
		if err := json.Unmarshal([]byte(line), &f); err != nil {
			u.t.Fatalf("%s: %v", line, err)
		}
		if f["verdict"] == verdict && found == nil {
			found = f
		}
	}
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &sum); err != nil || found == nil {
		u.t.Fatalf("no finding %q, or no summary (%v):\n%s", verdict, err, r.stdout)
	}
	return found, sum
}

// TestDamageAtRest: 300 MB are published, one byte of them goes bad where the server keeps them. A scrub finds it,
// nobody is given it, a repair heals it.
func TestDamageAtRest(t *testing.T) {
	server := s3server.Start(t, s3server.Config{Kind: s3server.Versitygw})
	u := s3User(t, server)
	tree := t.TempDir()
	const names = "abcdefghijklmno"
	for _, name := range strings.Split(names, "") {
		write(t, filepath.Join(tree, name), 20<<20)
	}
	p := publishImage(t, u, server, squashfs(t, tree))
	p.tree = tree
	store := "s3://" + p.bucket
	_, pin, _ := strings.Cut(p.ref, "@")
	if _, sum := u.scrub(store, 0, "ok"); sum.Images != 1 {
		t.Errorf("%+v: listing and record do not tell the same identity", sum)
	}

	const off = 250<<20 + 12345
	flip(t, server.StoredFile(p.bucket, p.key), off)
	found, sum := u.scrub(store, broken, "corrupt")
	if found["corruptLeaves"] != 1.0 || found["corrupt"].([]any)[0] != float64(off/(128<<10)) || sum.Verdict != "corrupt" || !sum.Complete {
		t.Errorf("scrub found %v, %+v", found, sum)
	}
	dir := u.mount(p.ref)
	if o := p.read(t, dir, names); o.failed != 1 || o.right != 14 {
		t.Errorf("a mount of the damaged image: %+v, want one file to fail", o)
	}
	failure(t, u.status(dir), fetch.ErrCorrupt)
	if r := u.run("cat", p.ref, "m"); r.code != broken || !strings.Contains(r.stderr, "leaf 2000") {
		t.Errorf("cat of the damaged file: exit %d, %s", r.code, r.stderr)
	}
	u.fails(broken, []string{"name a source"}, "repair", p.ref, "--from", filepath.Join(tree, "a"))

	if got := u.ok("repair", store+"/PE/image", "--from", p.image); got != p.ref {
		t.Errorf("repair printed %s, want %s", got, p.ref)
	}
	u.scrub(store, 0, "repaired")
	if r := u.run("repair", store+"/PE/image", "--from", "/nonexistent"); r.code != 0 || !strings.Contains(r.stderr, "nothing to repair") {
		t.Errorf("the next repair: exit %d, %s", r.code, r.stderr)
	}
	for _, ref := range []string{store + "/PE/image", p.ref} {
		dir := u.mount(ref)
		if o := p.read(t, dir, names); o.right != 15 {
			t.Errorf("%s after the repair: %+v, want all right", ref, o)
		}
		u.ok("verify", ref)
	}

	// Who names the pin alone looks at one key only.
	u.fails(broken, []string{"corrupt"}, "verify", store+"@"+pin)
	u.fails(conflict, []string{p.key, "delete it"}, "repair", store+"@"+pin, "--from", p.image)
	if err := os.Remove(server.StoredFile(p.bucket, p.key)); err != nil {
		t.Fatal(err)
	}
	u.ok("repair", store+"@"+pin, "--from", p.image)
	u.ok("verify", store+"@"+pin)
	u.scrub(store, 0, "ok")

	server.Stop()
	if r := u.run("scrub", store); r.code != unavailable || r.stdout != "" {
		t.Errorf("scrub without a server: exit %d, %q, want %d", r.code, r.stdout, unavailable)
	}
}

// TestScrubOfVersions: the recorded version is there, whatever lies above it; a lost one is repaired from another
// store.
func TestScrubOfVersions(t *testing.T) {
	server := s3server.Start(t, s3server.Config{Versioning: true})
	u := s3User(t, server)
	tree := t.TempDir()
	write(t, filepath.Join(tree, "a"), 20<<20) // two parts
	image := squashfs(t, tree)
	p := publishImage(t, u, server, image)
	store := "s3://" + p.bucket
	if _, sum := u.scrub(store, 0, "ok"); sum.Images != 1 {
		t.Errorf("%+v: listing and record do not tell the same identity", sum)
	}
	backup := t.TempDir()
	u.ok("publish", image, "file://"+backup+"//PE/image")

	p.overwrite(t, image)
	u.scrub(store, 0, "ok") // the same bytes again
	other := filepath.Join(t.TempDir(), "other")
	write(t, other, 5000)
	p.overwrite(t, other)
	if found, _ := u.scrub(store, overwritten, "overwritten"); !strings.Contains(found["message"].(string), "newer version") {
		t.Errorf("found %v, want the newer version told", found)
	}
	u.ok("verify", p.ref)
	if r := u.run("repair", p.ref, "--from", "file://"+backup); r.code != 0 || !strings.Contains(r.stderr, "nothing to repair") {
		t.Errorf("repair of what is there: exit %d, %s", r.code, r.stderr)
	}
	u.deleteVersion(p)
	u.fails(overwritten, nil, "verify", p.ref)
	u.ok("repair", p.ref, "--from", "file://"+backup)
	u.ok("verify", p.ref)
	u.ok("verify", store+"/PE/image")
}

// deleteVersion takes the recorded version away.
func (u *user) deleteVersion(p published) {
	u.t.Helper()
	var at struct{ Image fetch.Location }
	if err := json.Unmarshal([]byte(u.ok("resolve", "--json", p.ref)), &at); err != nil {
		u.t.Fatal(err)
	}
	err := stranger(u.t, p.server).RemoveObject(u.t.Context(), p.bucket, p.key, minio.RemoveObjectOptions{VersionID: at.Image.VersionID})
	if err != nil {
		u.t.Fatal(err)
	}
}
