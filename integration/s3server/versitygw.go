package s3server

import (
	"crypto/rand"
	"os"
	"os/exec"
	"syscall"
	"testing"
)

func (s *Server) prepareVersitygw(t testing.TB) {
	t.Helper()
	binary := build(t, Versitygw)
	versions := s.Dir + "-versions"
	for _, dir := range []string{s.Dir, versions} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Setxattr(s.Dir, "user.pinfs", []byte("1"), 0); err != nil {
		t.Fatalf("the S3 server needs user xattrs in %s: %v; set TMPDIR to a directory on ext4, xfs or btrfs", s.Dir, err)
	}
	s.health = "/health-" + rand.Text() // that no other server answers
	s.command = func() *exec.Cmd {
		args := []string{"--port", s.address, "--quiet", "--health", s.health}
		if s.users != "" {
			args = append(args, "--iam-dir", s.users, "--iam-cache-disable")
		}
		cmd := exec.Command(binary, append(args, "posix", "--versioning-dir", versions, s.Dir)...)
		cmd.Env = []string{"ROOT_ACCESS_KEY=" + s.AccessKey, "ROOT_SECRET_KEY=" + s.SecretKey, "HOME=" + s.Dir}
		return cmd
	}
}
