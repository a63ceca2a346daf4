package integration

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// nobody is an unprivileged user.
const nobody = 65534

// asNobody runs the binary as an unprivileged user, and checks how it fails as user.fails does.
func (u *user) asNobody(code int, words string, args ...string) {
	u.t.Helper()
	base, err := os.MkdirTemp("/tmp", "pinfs-nobody-")
	if err != nil {
		u.t.Fatal(err)
	}
	defer os.RemoveAll(base)
	program, id := filepath.Join(base, "pinfs"), strconv.Itoa(nobody)
	run(u.t, "cp", binary, program)
	if err := errors.Join(os.Chmod(base, 0o755), os.Chmod(program, 0o755)); err != nil {
		u.t.Fatal(err)
	}
	r := u.execute("setpriv", append([]string{"--reuid", id, "--regid", id, "--clear-groups", program}, args...)...)
	if r.code != code || !strings.Contains(r.stderr, words) || strings.Count(r.stderr, "\n") != 1 {
		u.t.Errorf("pinfs %s: exit %d, %q; want exit %d, and %q on one line", strings.Join(args, " "), r.code, r.stderr, code, words)
	}
}

// TestUnprivileged: who may not do something is told so by pinfs, before it is tried.
func TestUnprivileged(t *testing.T) {
	u := newUser(t)
	ref := publishSmall(t, u)
	dir := u.mount(ref)
	u.asNobody(1, "only the user who mounted it, or root, can unmount it", "umount", dir)
	u.asNobody(1, "only the user who mounted it, or root, can unmount it", "umount", "--lazy", dir)
	u.asNobody(usage, `"suid" has no effect without root`, "mount", "-o", "noexec,suid", ref, "/mnt")
	u.asNobody(usage, `"dev" has no effect without root`, "mount", "-o", "dev", ref, "/mnt")
	hello(t, dir)
}
