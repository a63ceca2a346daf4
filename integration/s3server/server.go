// Package s3server runs a real S3 server for tests, on loopback and over a temporary directory.
package s3server

import (
	"crypto/rand"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// startLimit is far more than a start takes (0.1 s; half a minute for a gateway of Ceph that was killed
// before); it turns a hang into a message.
const startLimit = 2 * time.Minute

// Config chooses the server and what it does; its zero value works.
type Config struct {
	Kind       Kind // default: what PINFS_TEST_STORE says, else Versitygw
	Versioning bool // buckets of NewBucket keep versions
	Users      bool // NewUser will be called; MinIO has no such users
}

// Server is one running S3 server. The test that started it owns it; its fields are constant.
type Server struct {
	Kind       Kind
	Endpoint   string // http://127.0.0.1:port, the same after Restart
	AccessKey  string // of the administrator
	SecretKey  string
	Versioning bool   // buckets of NewBucket keep versions
	Dir        string // where Versitygw has one directory per bucket, and in it one file per object

	newUser func(t testing.TB, accessKey, secretKey string) // nil if there is only the administrator
	address string
	command func() *exec.Cmd // the process that answers
	health  string           // the path at which it says that it is ready
	process *process         // nil after Stop
}

// Start builds the server when needed, starts it and waits until it answers. It stops when the
// test ends. The test fails if any of this does.
func Start(t testing.TB, cfg Config) *Server {
	t.Helper()
	s := &Server{
		Kind:       cfg.Kind.chosen(t),
		AccessKey:  "pinfs" + rand.Text()[:11],
		SecretKey:  rand.Text(),
		Dir:        filepath.Join(t.TempDir(), "objects"),
		Versioning: cfg.Versioning,
		address:    freeAddress(t),
	}
	s.Endpoint = "http://" + s.address
	s.prepare(t, cfg.Users)
	t.Cleanup(s.Stop)
	s.Restart(t)
	return s
}

// Restart starts the server again after Stop, at the same address and with the same objects.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	s.Stop()
	var err error
	if s.process, err = start(s.command()); err != nil {
		t.Fatalf("start the S3 server: %v", err)
	}
	s.awaitHealth(t)
}

// Stop kills the server and waits for its end. It does nothing when none runs.
func (s *Server) Stop() {
	if s.process == nil {
		return
	}
	s.process.stop()
	s.process = nil
}

// StoredFile returns the file that holds the newest version of an object, for a test to damage it
// behind the server's back. Only Versitygw has such a file.
func (s *Server) StoredFile(bucket, key string) string {
	if s.Kind != Versitygw {
		panic("s3server: StoredFile of " + string(s.Kind))
	}
	return filepath.Join(s.Dir, bucket, filepath.FromSlash(key))
}

func (s *Server) awaitHealth(t testing.TB) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: startLimit}
	limit := time.After(startLimit)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		if resp, err := client.Get(s.Endpoint + s.health); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
		}
		select {
		case <-s.process.exited:
			t.Fatalf("the S3 server ended at once: %s", s.process.words())
		case <-limit:
			t.Fatalf("the S3 server at %s does not answer after %s", s.Endpoint, startLimit)
		case <-tick.C:
		}
	}
}

// freeAddress picks a port that nobody has right now.
func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
