package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/fetchtest"
)

// probing is a user with a cache directory, credentials and a server that lies when told to.
type probing struct {
	*fetchtest.S3
	t     *testing.T
	cache string // where what is found is kept
	store string
}

const probeSecret = "very-secret-0123456789"

func newProbing(t *testing.T) *probing {
	p := &probing{S3: fetchtest.NewS3(t), t: t, cache: t.TempDir()}
	p.store = "s3://" + p.Bucket
	for name, value := range map[string]string{
		"XDG_CACHE_HOME": p.cache, "PINFS_S3_ENDPOINT": p.Endpoint, "PINFS_CREDENTIALS_FILE": "",
		"AWS_ACCESS_KEY_ID": "access", "AWS_SECRET_ACCESS_KEY": probeSecret,
	} {
		t.Setenv(name, value)
	}
	return p
}

// run executes one command line; no secret may be in what it says.
func (p *probing) run(args ...string) (code int, stdout, stderr string) {
	p.t.Helper()
	var out, errs bytes.Buffer
	code = run(p.t.Context(), append([]string{"pinfs"}, args...), &out, &errs)
	if strings.Contains(out.String()+errs.String(), probeSecret) {
		p.t.Errorf("pinfs %v tells the secret", args)
	}
	return code, out.String(), errs.String()
}

// kept returns the file with what was found.
func (p *probing) kept() string {
	p.t.Helper()
	files, err := filepath.Glob(filepath.Join(p.cache, "pinfs", "stores", "*"))
	if err != nil || len(files) != 1 {
		p.t.Fatalf("kept are %v, %v, want one file", files, err)
	}
	return files[0]
}

// exclusive is what a publication would be told, and whether it had to put anything for that.
func (p *probing) exclusive() (exclusive, probed bool) {
	p.t.Helper()
	a := &app{stdout: io.Discard, stderr: io.Discard}
	a.cfg.S3.Endpoint, a.cfg.Timeout = p.Endpoint, defaultTimeout
	p.Requests()
	exclusive = a.exclusive(p.t.Context(), p.store)
	return exclusive, strings.Contains(strings.Join(p.Requests(), "\n"), "PUT ")
}

func (p *probing) wantExclusive(exclusive, probed bool) {
	p.t.Helper()
	if e, n := p.exclusive(); e != exclusive || n != probed {
		p.t.Errorf("exclusive: %v, probed for it: %v; want %v, %v", e, n, exclusive, probed)
	}
}

func TestProbeCommand(t *testing.T) {
	p := newProbing(t)
	code, out, errs := p.run("probe", p.store)
	lines := strings.Split(out, "\n")
	if code != 0 || errs != "" || !strings.HasPrefix(out, "CAPABILITY ") || len(lines) != 13 {
		t.Errorf("probe = %d, %s%s", code, out, errs)
	}
	if !strings.Contains(out, "\nconditionalPut       honoured  ") || !strings.Contains(out, "publishers rely on it\n") {
		t.Errorf("probe prints\n%s", out)
	}
	code, out, _ = p.run("probe", "--json", p.store)
	var got probed
	if err := json.Unmarshal([]byte(out), &got); err != nil || code != 0 || strings.Count(out, "\n") != 1 {
		t.Errorf("probe --json = %d, %v, %s", code, err, out)
	}
	if !got.Exclusive || got.Store != p.store || got.Endpoint != p.Endpoint || got.Schema != probedSchema ||
		got.Capabilities[fetch.SHA256].Support != fetch.Ignored || time.Since(got.Probed) > time.Minute {
		t.Errorf("probe --json = %s", out)
	}
	p.Lie(fetchtest.IgnoreConditions, nil)
	if _, out, _ := p.run("probe", p.store); !strings.Contains(out, "their numbers may have gaps") {
		t.Errorf("probe of a server without conditions prints\n%s", out)
	}
}

func TestProbeFails(t *testing.T) {
	p := newProbing(t)
	if code, _, errs := p.run("probe", p.store+"/PE/name"); code != exitUsage || !strings.Contains(errs, "write "+p.store) {
		t.Errorf("probe of a name = %d, %s", code, errs)
	}
	p.Lie(fetchtest.Forbidden, nil)
	if code, out, errs := p.run("probe", p.store); code != 8 || out != "" || strings.Count(errs, "\n") != 1 {
		t.Errorf("probe without rights = %d, %s, %s", code, out, errs)
	}
	p.wantExclusive(false, true)
	p.Lie(fetchtest.Forbidden, func(r *http.Request) bool { return r.Method == http.MethodDelete })
	if code, out, errs := p.run("probe", p.store); code != 8 || !strings.Contains(out, "conditionalPut ") || !strings.Contains(errs, "remove what begins with") {
		t.Errorf("probe without the right to delete = %d, %s, %s", code, out, errs)
	}
}

// TestProbedOnce: what was found is used until it is old, damaged or of another bucket.
func TestProbedOnce(t *testing.T) {
	p := newProbing(t)
	p.wantExclusive(true, true)
	p.wantExclusive(true, false)
	info, err := os.Stat(p.kept())
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("kept with mode %v, %v", info.Mode(), err)
	}
	good, err := os.ReadFile(p.kept())
	if err != nil || bytes.Contains(good, []byte("secret")) || bytes.Contains(good, []byte("access")) {
		t.Errorf("kept is %s, %v", good, err)
	}
	for name, bad := range map[string]string{
		"empty":    "",
		"cut":      string(good[:len(good)/2]),
		"schema":   strings.Replace(string(good), probedSchema, "pinfs.probe/v9", 1),
		"store":    strings.Replace(string(good), p.store, "s3://other", 1),
		"endpoint": strings.Replace(string(good), p.Endpoint, "http://other", 1),
		"versions": strings.Replace(string(good), `"unknown",`, `"enabled",`, 1),
		"old":      replaceTime(good, -8*24*time.Hour),
		"future":   replaceTime(good, time.Hour),
		"nothing":  `{"schema":"` + probedSchema + `"}`,
		"large":    strings.Repeat(" ", maxProbedSize) + string(good),
	} {
		if bad == string(good) {
			t.Fatalf("%s: nothing was changed", name)
		}
		if err := os.WriteFile(p.kept(), []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, probed := p.exclusive(); !probed {
			t.Errorf("%s: what is kept was used", name)
		}
		p.wantExclusive(true, false)
	}
	if err := os.Chmod(p.kept(), 0o666); err != nil {
		t.Fatal(err)
	}
	p.wantExclusive(true, true)
	p.Lie(fetchtest.IgnoreConditions, nil)
	p.wantExclusive(true, false) // known from before
	p.run("probe", p.store)
	p.wantExclusive(false, false)
}

// replaceTime is what would have been found so much later.
func replaceTime(kept []byte, by time.Duration) string {
	var p probed
	_ = json.Unmarshal(kept, &p)
	p.Probed = p.Probed.Add(by)
	b, _ := json.Marshal(p)
	return string(b)
}

// TestProbedNowhere: a cache that can not be written to is no obstacle.
func TestProbedNowhere(t *testing.T) {
	p := newProbing(t)
	t.Setenv("XDG_CACHE_HOME", "/dev/null/nowhere")
	p.wantExclusive(true, true)
	p.wantExclusive(true, true)
	if code, out, errs := p.run("probe", p.store); code != 0 || out == "" || !strings.Contains(errs, "will probe again") {
		t.Errorf("probe = %d, %s, %s", code, out, errs)
	}
}

// TestUnsettledIsNotKept: a server that fails now and then is asked again.
func TestUnsettledIsNotKept(t *testing.T) {
	p := newProbing(t)
	p.wantExclusive(true, true)
	p.Lie(fetchtest.ServerError, func(r *http.Request) bool { return r.Method == http.MethodPut && strings.Contains(r.URL.Path, "race") })
	p.run("probe", p.store)
	p.wantExclusive(false, true)
	p.Lie(fetchtest.Honest, nil)
	p.wantExclusive(true, true)
}

func TestProbeDirectory(t *testing.T) {
	p := newProbing(t)
	dir := t.TempDir()
	code, out, errs := p.run("probe", "file://"+dir+"//")
	if code != 0 || errs != "" || !strings.Contains(out, "\ndurable ") {
		t.Errorf("probe = %d, %s%s", code, out, errs)
	}
	if kept, err := os.ReadDir(p.cache); err != nil || len(kept) > 0 {
		t.Errorf("kept are %v, %v, want nothing", kept, err)
	}
}

// TestConsequences: each capability has two.
func TestConsequences(t *testing.T) {
	for _, what := range fetch.AllCapabilities {
		if consequence(fetch.Capabilities{}, what) == "" || consequence(fetch.Capabilities{what: {Support: fetch.Honoured}}, what) == "" {
			t.Errorf("%s has no consequence", what)
		}
	}
}
