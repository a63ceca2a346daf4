package integration

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7"

	"github.com/pinfs/pinfs/integration/s3server"
)

// TestReadme runs the transcripts of the README: each line that begins with "$ " is typed, and what
// follows must be printed, where "..." and runs of spaces stand for anything of their kind.
func TestReadme(t *testing.T) {
	server := s3server.Start(t, s3server.Config{})
	u := s3User(t, server)
	if err := stranger(t, server).MakeBucket(t.Context(), "images", minio.MakeBucketOptions{}); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Rename(smallImage(t), filepath.Join(dir, "cpe.squashfs")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "pe"), 0o755); err != nil {
		t.Fatal(err)
	}
	if typed := u.follow(dir, "../README.md"); typed < 8 {
		t.Errorf("only %d commands found in the README", typed)
	}
}

// follow types what a page's transcripts say, and returns how many commands that were.
func (u *user) follow(dir, page string) (typed int) {
	u.t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		u.t.Fatal(err)
	}
	for _, block := range regexp.MustCompile("(?s)```console\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		for _, step := range regexp.MustCompile(`(?m)^\$ `).Split(block[1], -1)[1:] {
			command, want, _ := strings.Cut(step, "\n")
			typed++
			got := u.shell(dir, command)
			if !transcript(want).MatchString(squeeze(got)) {
				u.t.Errorf("$ %s\nprints\n%s\nand %s says\n%s", command, got, page, want)
			}
		}
	}
	return typed
}

// shell types a command that must succeed.
func (u *user) shell(dir, command string) string {
	u.t.Helper()
	c := exec.Command("sh", "-c", command)
	c.Dir = dir
	c.Env = append([]string{"PATH=" + filepath.Dir(binary) + ":" + os.Getenv("PATH")}, u.env[1:]...)
	out, err := c.CombinedOutput()
	if err != nil {
		u.t.Fatalf("$ %s: %v\n%s", command, err, out)
	}
	return string(out)
}

// transcript is what a piece of the README allows.
func transcript(want string) *regexp.Regexp {
	anything := regexp.MustCompile(` ?\\.\\.\\. ?`)
	return regexp.MustCompile(`^` + anything.ReplaceAllString(regexp.QuoteMeta(squeeze(want)), `(?s:.*?)`) + `$`)
}

// squeeze makes columns comparable whose width depends on what is in them.
func squeeze(s string) string {
	return strings.TrimSpace(regexp.MustCompile(` +`).ReplaceAllString(s, " "))
}
