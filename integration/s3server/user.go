package s3server

import (
	"crypto/rand"
	"os/exec"
	"testing"
)

// NewUser makes somebody who has no right but those that a bucket's policy gives him, and returns his secret
// key. The server must have been started with Config.Users.
func (s *Server) NewUser(t testing.TB, accessKey string) (secretKey string) {
	t.Helper()
	if s.users == "" || s.Kind != Versitygw {
		t.Fatalf("%s was not started for others than its administrator", s.Kind)
	}
	secretKey = rand.Text()
	cmd := exec.Command(build(t, Versitygw), "admin", "--endpoint-url", s.Endpoint, "create-user",
		"--access", accessKey, "--secret", secretKey, "--role", "user")
	cmd.Env = []string{"ADMIN_ACCESS_KEY=" + s.AccessKey, "ADMIN_SECRET_KEY=" + s.SecretKey}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("create user %s: %v\n%s", accessKey, err, out)
	}
	return secretKey
}
