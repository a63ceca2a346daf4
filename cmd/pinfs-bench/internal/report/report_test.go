package report

import (
	"flag"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pinfs/pinfs/cmd/pinfs-bench/internal/figure"
	"github.com/pinfs/pinfs/cmd/pinfs-bench/internal/result"
)

var update = flag.Bool("update", false, "write the golden files")

// measured is a result in which everything occurs.
func measured() result.Result {
	n := func(n int64) *int64 { return &n }
	from := func(requests, bytes int64) *result.From { return &result.From{Requests: requests, Bytes: bytes} }
	return result.Result{
		Machine: result.Machine{Date: "2026-01-31", CPU: "Abacus", Cores: 2, Kernel: "Linux 6.18", Go: "go1.26", DAMON: true},
		Command: "pinfs-bench --rounds 2",
		Settings: []result.Setting{{
			Name: "s3", Title: "An object", Image: result.Image{Block: "128K", Size: 3 << 20, Entries: 7, Bytes: 12 << 20},
			Peers:   []result.Peer{{Name: "s3fs", Note: "as ever"}, {Name: "pinfs", Note: "verified"}, {Name: "pinfs-find"}},
			Missing: []result.Missing{{Name: "rclone", Reason: "rclone is not installed"}},
			Measurements: []result.Measurement{
				{Step: "find", Peer: "s3fs", Seconds: 1, Serving: 0.5, Reading: 0.25, Peak: 10 << 20, Origin: from(10, 2<<20)},
				{Step: "find", Peer: "pinfs", Seconds: 2, Serving: 1, Reading: 1, Peak: 20 << 20, Requests: n(5), Origin: from(4, 1<<20)},
				{Round: 1, Step: "find", Peer: "s3fs", Seconds: 1, Serving: 0.5, Reading: 0.25, Peak: 30 << 20, Origin: from(10, 2<<20)},
				{Round: 1, Step: "find", Peer: "pinfs", Seconds: 3, Serving: 1, Reading: 1, Peak: 20 << 20, Requests: n(7), Origin: from(4, 1<<20)},
				{Step: "find", Peer: "pinfs-find", Seconds: 2, Requests: n(1), Origin: from(1, 1<<20)},
				{Step: "read", Peer: "s3fs", Seconds: 0.012, Origin: from(0, 0)},
				{Step: "read", Peer: "pinfs", Seconds: 0.006, Requests: n(0), Origin: from(0, 0), Disturbed: true},
			},
		}},
	}
}

// golden compares got with a file.
func golden(t *testing.T, name, got string) {
	t.Helper()
	name = filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs, go test -update writes it anew:\n%s", name, got)
	}
}

func TestText(t *testing.T) {
	var out strings.Builder
	Text(&out, measured())
	golden(t, "report.txt", out.String())
}

func TestMarkdown(t *testing.T) {
	var out strings.Builder
	Markdown(&out, measured(), func(s result.Setting) []string { return []string{"bench/" + s.Name + "-time.svg"} })
	golden(t, "report.md", out.String())
}

func TestNothingMeasured(t *testing.T) {
	r := measured()
	r.Settings[0].Peers, r.Settings[0].Measurements = nil, nil
	var out strings.Builder
	Text(&out, r)
	if !strings.Contains(out.String(), "rclone is not installed") {
		t.Errorf("who is missing is not told:\n%s", &out)
	}
}

func TestNumber(t *testing.T) {
	for _, c := range []struct {
		x    float64
		want string
	}{{0, "0"}, {0.00123, "0.0012"}, {0.0123, "0.0123"}, {0.123, "0.123"}, {1.234, "1.23"}, {12.34, "12.3"}, {1234, "1234"}, {math.NaN(), "-"}} {
		if got := number(c.x); got != c.want {
			t.Errorf("number(%v) = %s, want %s", c.x, got, c.want)
		}
	}
	if got := ratio(figure.Of([]float64{0.5, 1, 2})); got != "1.00 (0.50-2.00)" {
		t.Errorf("ratio = %s", got)
	}
}

func TestSection(t *testing.T) {
	const document = "# Title\n\n" + begin + "\nold\n" + end + "\n\n## Next\n"
	got, err := Section(document, "new\n")
	if want := "# Title\n\n" + begin + "\n\nnew\n\n" + end + "\n\n## Next\n"; err != nil || got != want {
		t.Errorf("Section = %q, %v, want %q", got, err, want)
	}
	if again, err := Section(got, "new"); err != nil || again != got {
		t.Errorf("Section twice = %q, %v", again, err)
	}
	for _, bad := range []string{"", begin, end + begin} {
		if _, err := Section(bad, "new"); err == nil {
			t.Errorf("Section(%q) finds a place", bad)
		}
	}
}
