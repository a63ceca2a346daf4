package s3server

import (
	"crypto/rand"
	"testing"
)

// NewUser makes somebody who has no right but those that a bucket's policy gives him, and returns his secret
// key. The server must have been started with Config.Users. On Ceph he is called like his access key.
func (s *Server) NewUser(t testing.TB, accessKey string) (secretKey string) {
	t.Helper()
	if s.newUser == nil {
		t.Fatalf("%s was not started for others than its administrator", s.Kind)
	}
	secretKey = rand.Text()
	s.newUser(t, accessKey, secretKey)
	return secretKey
}
