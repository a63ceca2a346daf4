package integration

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pinfs/pinfs/fs/status"
	"github.com/pinfs/pinfs/integration/s3server"
)

// binary is the pinfs under test: the one that PINFS_BIN names, else one built here.
var binary string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		if os.Geteuid() != 0 {
			fmt.Fprintln(os.Stderr, "these tests mount file systems: run them as root")
			return 1
		}
		if binary = os.Getenv("PINFS_BIN"); binary == "" {
			dir, err := os.MkdirTemp("", "pinfs-bin")
			if err != nil {
				fmt.Fprintln(os.Stderr, err)
				return 1
			}
			defer os.RemoveAll(dir)
			binary = filepath.Join(dir, "pinfs")
			if out, err := exec.Command("go", "build", "-o", binary, "../cmd/pinfs").CombinedOutput(); err != nil {
				fmt.Fprintf(os.Stderr, "go build: %v\n%s", err, out)
				return 1
			}
		}
		return m.Run()
	}())
}

// user is somebody at a shell: an environment in which the binary runs.
type user struct {
	t   testing.TB
	env []string
}

// newUser has no configuration and no credentials of the machine's.
func newUser(t testing.TB, env ...string) *user {
	return &user{t, append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}, env...)}
}

// s3User can use server.
func s3User(t testing.TB, server *s3server.Server, env ...string) *user {
	return newUser(t, append([]string{
		"PINFS_S3_ENDPOINT=" + server.Endpoint, "AWS_ACCESS_KEY_ID=" + server.AccessKey, "AWS_SECRET_ACCESS_KEY=" + server.SecretKey,
	}, env...)...)
}

// result is what a command did.
type result struct {
	stdout, stderr string
	code           int
}

func (u *user) run(args ...string) result {
	u.t.Helper()
	return u.execute(binary, args...)
}

func (u *user) execute(name string, args ...string) result {
	u.t.Helper()
	var stdout, stderr bytes.Buffer
	c := exec.Command(name, args...)
	c.Env, c.Stdout, c.Stderr = u.env, &stdout, &stderr
	err := c.Run()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		u.t.Fatal(err)
	}
	return result{stdout.String(), stderr.String(), c.ProcessState.ExitCode()}
}

// ok runs a command that must succeed and returns what it prints, without the newline.
func (u *user) ok(args ...string) string {
	u.t.Helper()
	r := u.run(args...)
	if r.code != 0 {
		u.t.Fatalf("pinfs %s: exit %d\n%s%s", strings.Join(args, " "), r.code, r.stdout, r.stderr)
	}
	return strings.TrimSuffix(r.stdout, "\n")
}

// fails runs a command that must exit with code and say each of words on one line of stderr.
func (u *user) fails(code int, words []string, args ...string) string {
	u.t.Helper()
	r := u.run(args...)
	line := strings.TrimSuffix(r.stderr, "\n")
	if r.code != code || r.stdout != "" || line == "" || strings.Contains(line, "\n") {
		u.t.Errorf("pinfs %s: exit %d, stdout %q, stderr %q; want exit %d and one line on stderr",
			strings.Join(args, " "), r.code, r.stdout, r.stderr, code)
	}
	for _, w := range words {
		if !strings.Contains(line, w) {
			u.t.Errorf("pinfs %s says %q, want %q in it", strings.Join(args, " "), line, w)
		}
	}
	return line
}

// mount mounts ref at a new directory until the test ends.
func (u *user) mount(ref string, flags ...string) string {
	u.t.Helper()
	dir := u.t.TempDir()
	u.ok(append([]string{"mount", ref, dir}, flags...)...)
	u.t.Cleanup(func() {
		if isMounted(u.t, dir) {
			u.ok("umount", dir)
		}
	})
	return dir
}

// status is what `pinfs status --json DIR` says.
func (u *user) status(dir string) (d status.Document) {
	u.t.Helper()
	if err := json.Unmarshal([]byte(u.ok("status", "--json", dir)), &d); err != nil {
		u.t.Fatal(err)
	}
	return d
}

// isMounted looks into the kernel's table, without touching the mount.
func isMounted(t testing.TB, dir string) bool {
	t.Helper()
	b, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Contains(string(b), " "+dir+" ")
}

// processes lists the command lines of the binary's processes that have word in their environment.
func processes(t testing.TB, word string) (found []string) {
	t.Helper()
	dirs, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range dirs {
		env, err := os.ReadFile(dir + "/environ") // gone meanwhile is fine
		if err != nil || !bytes.Contains(env, []byte(word)) {
			continue
		}
		if exe, err := os.Readlink(dir + "/exe"); err == nil && filepath.Base(exe) == filepath.Base(binary) {
			line, _ := os.ReadFile(dir + "/cmdline")
			found = append(found, filepath.Base(dir)+" "+strings.ReplaceAll(string(line), "\x00", " "))
		}
	}
	return found
}

// dropCaches empties the page cache and the kernel's caches of names and inodes.
func dropCaches(t testing.TB) {
	t.Helper()
	if err := os.WriteFile("/proc/sys/vm/drop_caches", []byte("3\n"), 0); err != nil {
		t.Fatal(err)
	}
}

// run executes one of the machine's own tools.
func run(t testing.TB, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return strings.TrimSuffix(string(out), "\n")
}

// write makes a file of n random bytes.
func write(t testing.TB, name string, n int) {
	t.Helper()
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	if err := os.WriteFile(name, b, 0o644); err != nil {
		t.Fatal(err)
	}
}
