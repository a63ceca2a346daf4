package s3server

import (
	"crypto/rand"
	"os"
	"os/exec"
	"syscall"
	"testing"
)

func (s *Server) prepareVersitygw(t testing.TB, users bool) {
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
	args := []string{"--port", s.address, "--quiet", "--health", s.health}
	if users {
		args = append(args, "--iam-dir", t.TempDir(), "--iam-cache-disable")
		s.newUser = func(t testing.TB, accessKey, secretKey string) { s.createUser(t, binary, accessKey, secretKey) }
	}
	args = append(args, "posix", "--versioning-dir", versions, s.Dir)
	s.command = func() *exec.Cmd {
		cmd := exec.Command(binary, args...)
		cmd.Env = []string{"ROOT_ACCESS_KEY=" + s.AccessKey, "ROOT_SECRET_KEY=" + s.SecretKey, "HOME=" + s.Dir}
		return cmd
	}
}

// createUser asks the running server for a user without any role.
func (s *Server) createUser(t testing.TB, binary, accessKey, secretKey string) {
	t.Helper()
	cmd := exec.Command(binary, "admin", "--endpoint-url", s.Endpoint, "create-user",
		"--access", accessKey, "--secret", secretKey, "--role", "user")
	cmd.Env = []string{"ADMIN_ACCESS_KEY=" + s.AccessKey, "ADMIN_SECRET_KEY=" + s.SecretKey}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("create user %s: %v\n%s", accessKey, err, out)
	}
}
