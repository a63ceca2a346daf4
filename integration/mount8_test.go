package integration

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// inNamespace runs a shell script in a mount namespace of its own, where mount(8) finds pinfs among its
// helpers. It returns what that wrote.
func (u *user) inNamespace(script string, args ...string) string {
	u.t.Helper()
	helpers := u.t.TempDir()
	for _, name := range []string{"mount.pinfs", "mount.fuse.pinfs"} {
		if err := os.Symlink(absolute(u.t, binary), filepath.Join(helpers, name)); err != nil {
			u.t.Fatal(err)
		}
	}
	const prelude = "set -e; mount -t overlay helpers -o lowerdir=$0:/usr/sbin /usr/sbin; "
	cmd := exec.CommandContext(u.t.Context(), "unshare", append([]string{"--mount", "sh", "-c", prelude + script, helpers}, args...)...)
	cmd.Env = append(os.Environ(), u.env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		u.t.Errorf("%s: %v\n%s", script, err, out)
	}
	return string(out)
}

// TestMount8 mounts with mount(8), by both of pinfs's types.
func TestMount8(t *testing.T) {
	u := newUser(t)
	ref, _, _ := strings.Cut(publishSmall(t, u), "@")
	for _, kind := range []string{"pinfs", "fuse.pinfs"} {
		out := u.inNamespace(`mount -t $1 "$2" "$3" -o _netdev,noatime,noexec,allow_suid,timeout=20s,x-systemd.automount
			findmnt -n -o FSTYPE,SOURCE,OPTIONS "$3"; cat "$3/hello"; umount "$3"`, kind, ref, t.TempDir())
		if !strings.Contains(out, "fuse.pinfs "+ref+" ") || !strings.Contains(out, "ro,nodev,noexec,") || !strings.HasSuffix(out, "\nhello\n") {
			t.Errorf("-t %s: %q", kind, out)
		}
	}
}

// TestFstab has mount -a find its line done the second time.
func TestFstab(t *testing.T) {
	u := newUser(t)
	ref, _, _ := strings.Cut(publishSmall(t, u), "@")
	dir, fstab := t.TempDir(), filepath.Join(t.TempDir(), "fstab")
	line := ref + " " + dir + " pinfs _netdev,nofail,x-systemd.automount,cache=" + t.TempDir() + " 0 0\n"
	if err := os.WriteFile(fstab, []byte(line), 0o644); err != nil {
		t.Fatal(err)
	}
	out := u.inNamespace(`mount -a -T "$1"; mount -a -T "$1"; findmnt -n -o FSTYPE "$2"; umount "$2"`, fstab, dir)
	if strings.TrimSpace(out) != "fuse.pinfs" {
		t.Errorf("mount -a twice: %q, want one mount", out)
	}
}

// TestMount8Failures come with the exit codes and one line as mount(8) passes them on.
func TestMount8Failures(t *testing.T) {
	u := newUser(t)
	ref, _, _ := strings.Cut(publishSmall(t, u), "@")
	for _, tt := range []struct{ options, ref, want string }{
		{"bogus", ref, "1: pinfs: mount option \"bogus\" is not known"},
		{"foreground=true", ref, "1: pinfs: mount option \"foreground=true\" is not known"},
		{"timeout=soon", ref, "1: pinfs: invalid argument"},
		{"remount", ref, "1: pinfs: pinfs can not change a mount"},
		{"defaults", ref + "s", "32: pinfs: not found: no name smalls"},
	} {
		out := u.inNamespace(`said=$(mount.pinfs "$2" "$3" -o "$1" 2>&1) && code=0 || code=$?; echo "$code: $said"`, tt.options, tt.ref, t.TempDir())
		if !strings.HasPrefix(out, tt.want) || strings.Count(out, "\n") != 1 {
			t.Errorf("-o %s: %q, want %q...", tt.options, out, tt.want)
		}
	}
	if out := u.inNamespace(`mount.pinfs "$1" 2>&1 || true`, ref); !strings.Contains(out, "write mount.pinfs REF DIR") {
		t.Errorf("without a directory: %q, want how to call it", out)
	}
	if out := u.inNamespace(`mount.pinfs -s "$1" "$2" -o bogus; umount "$2"; mount.pinfs -f "$1" "$2"; ! mountpoint -q "$2"`, ref, t.TempDir()); out != "" {
		t.Errorf("sloppy, then fake: %q", out)
	}
}

// TestUnits has systemd read the units that are shipped.
func TestUnits(t *testing.T) {
	dir := t.TempDir()
	units, err := filepath.Glob("../docs/deploy/systemd/*")
	if err != nil || len(units) == 0 {
		t.Fatal(units, err)
	}
	var names []string
	for _, unit := range units {
		text, err := os.ReadFile(unit)
		here := strings.ReplaceAll(string(text), "/usr/bin/pinfs", absolute(t, binary))
		name := filepath.Join(dir, strings.Replace(filepath.Base(unit), "@.", "@pe.", 1))
		if err := errors.Join(err, os.WriteFile(name, []byte(here), 0o644)); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	if out, err := exec.Command("systemd-analyze", append([]string{"verify", "--man=no"}, names...)...).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
}
