package integration

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/pinfs/pinfs/integration/s3server"
)

// TestTrialsInTheSameBucket: a credential for trials publishes below scratch/, and the store refuses whatever
// else it tries. That it writes over an image no policy can refuse here; as the bucket keeps versions,
// those who read its name do not notice.
func TestTrialsInTheSameBucket(t *testing.T) {
	p := withPolicies(t, "shared.json")
	release, scratch := p.people(t, "images")
	image, other := smallImage(t), filepath.Join(t.TempDir(), "other")
	write(t, other, 17<<20) // in parts
	ref := release.ok("publish", image, "s3://images/PE/x")
	_, pin, _ := strings.Cut(ref, "@")
	released := p.contents(t, "images")

	scratch.ok("publish", "--class", "scratch", image, "s3://images/scratch/same")
	scratch.ok("publish", "--class", "scratch", other, "s3://images/scratch/x")
	p.unchanged(t, "images", func() {
		scratch.fails(denied, []string{"policy"}, "publish", other, "s3://images/PE/y")
		scratch.fails(denied, []string{"policy"}, "publish", "--replace", "--expect", pin, other, "s3://images/PE/x")
		scratch.fails(denied, []string{"policy"}, "publish", "--key", "PE/z", "--class", "release", other, "s3://images/PE/z")
		for _, o := range released {
			scratch.canNotRemove(t, "images", o)
			if strings.HasPrefix(o.Key, ".pinfs/names/") {
				wantRefused(t, "overwrite "+o.Key, scratch.put("images", o.Key))
			}
		}
		for _, key := range []string{"PE/x", ".pinfs/names/PE/x/00000002.json", ".pinfs/uploads/PE/x/00000002-X-0.json"} {
			wantRefused(t, "write "+key, scratch.put("images", key))
		}
		for _, o := range p.contents(t, "images") {
			release.canNotRemove(t, "images", o)
		}
	})
	_ = scratch.put("images", ".pinfs/names/scratch/../PE/x/00000002.json") // a key of its own at best
	if got := release.ok("resolve", "s3://images/PE/x"); got != ref {
		t.Errorf("PE/x is %s, want %s", got, ref)
	}
	release.ok("publish", "--replace", "--expect", pin, other, "s3://images/PE/x")
	key := ".pinfs/images/" + strings.TrimPrefix(pin, "fsverity-sha256:") + "/image"
	if err := scratch.put("images", key); err != nil {
		t.Errorf("overwrite an image: %v; if the server can refuse that now, say so in docs/publishing.md", err)
	}
	release.ok("verify", "s3://images/PE/x@"+pin)
	if r := release.run("publish", image, "s3://images/PE/again"); r.code != overwritten && r.code != broken {
		t.Errorf("a further name for the image: %+v", r)
	}
	p.removeNewest(t, "images", key)
	release.ok("publish", image, "s3://images/PE/again")
}

// TestTrialsInABucketOfTheirOwn: then the store refuses to overwrite images as well.
func TestTrialsInABucketOfTheirOwn(t *testing.T) {
	p := withPolicies(t, "images.json", "trials.json")
	release, scratch := p.people(t, "images", "trials")
	image := smallImage(t)
	release.ok("publish", image, "s3://images/PE/x")
	scratch.ok("publish", "--class", "scratch", image, "s3://trials/scratch/x")
	p.unchanged(t, "images", func() {
		for _, o := range p.contents(t, "images") {
			scratch.canNotRemove(t, "images", o)
			release.canNotRemove(t, "images", o)
			wantRefused(t, "overwrite "+o.Key, scratch.put("images", o.Key))
		}
		scratch.fails(denied, []string{"policy"}, "publish", "--class", "scratch", image, "s3://images/scratch/x")
	})
	p.unchanged(t, "trials", func() {
		scratch.fails(denied, []string{"policy"}, "publish", image, "s3://trials/PE/x")
		release.fails(denied, []string{"policy"}, "publish", image, "s3://trials/PE/x")
	})
	scratch.ok("verify", "s3://images/PE/x")
}

// TestCreateOnlyPolicy: the servers that are at hand do not know the condition by which Amazon's refuses to
// overwrite. Two say so, Ceph's gateway takes it and lets everybody overwrite. Should one learn it, the
// documentation has good news to tell.
func TestCreateOnlyPolicy(t *testing.T) {
	p := withPolicies(t, "shared.json")
	release, _ := p.people(t, "images")
	const key = ".pinfs/images/x/image"
	if err := release.put("images", key); err != nil {
		t.Fatal(err)
	}
	both := `{"Version": "2012-10-17", "Statement": [` + p.statements(t, "shared.json") + "," + p.statements(t, "create-only.json") + "]}"
	err := stranger(t, p.server).SetBucketPolicy(t.Context(), "images", both)
	if err == nil && p.server.Kind == s3server.Ceph {
		if err = release.put("images", key); err == nil {
			return
		}
	}
	if err == nil || !strings.Contains(err.Error(), "condition key") {
		t.Errorf("%s says %v to a policy with s3:if-none-match; if it knows that now, say so in docs/publishing.md", p.server.Kind, err)
	}
}
