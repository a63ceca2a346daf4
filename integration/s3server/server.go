// Package s3server runs a real S3 server (versitygw) for tests, on loopback and over a temporary
// directory whose files tests may damage behind the server's back.
package s3server

import (
	"bytes"
	"crypto/rand"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// startLimit is far more than a start takes (0.1 s); it turns a hang into a message.
const startLimit = time.Minute

// Config chooses what the server does; its zero value works.
type Config struct {
	Versioning bool // buckets of NewBucket keep versions
}

// Server is one running S3 server. The test that started it owns it; its fields are constant.
type Server struct {
	Endpoint  string // http://127.0.0.1:port, the same after Restart
	AccessKey string // of the administrator
	SecretKey string
	Dir       string // holds one directory per bucket, and in it one file per object

	cfg     Config
	binary  string
	address string
	health  string // a path that no other server answers
	stderr  *bytes.Buffer
	process *os.Process
	exited  chan struct{}
}

// Start builds the server when needed, starts it and waits until it answers. It stops when the
// test ends. The test fails if any of this does, or if the temporary directory has no user xattrs.
func Start(t testing.TB, cfg Config) *Server {
	t.Helper()
	binary, err := Build()
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{
		AccessKey: "pinfs" + rand.Text()[:11],
		SecretKey: rand.Text(),
		Dir:       filepath.Join(t.TempDir(), "objects"),
		cfg:       cfg,
		binary:    binary,
		address:   freeAddress(t),
		health:    "/health-" + rand.Text(),
	}
	s.Endpoint = "http://" + s.address
	s.makeDirs(t)
	t.Cleanup(s.Stop)
	s.Restart(t)
	return s
}

// Restart starts the server again after Stop, at the same address and with the same objects.
func (s *Server) Restart(t testing.TB) {
	t.Helper()
	s.Stop()
	if err := s.run(); err != nil {
		t.Fatalf("start the S3 server: %v", err)
	}
	s.awaitHealth(t)
}

// Stop kills the server and waits for its end. It does nothing when none runs.
func (s *Server) Stop() {
	if s.process == nil {
		return
	}
	s.process.Kill()
	<-s.exited
	s.process = nil
}

// StoredFile returns the file that holds the newest version of an object.
func (s *Server) StoredFile(bucket, key string) string {
	return filepath.Join(s.Dir, bucket, filepath.FromSlash(key))
}

func (s *Server) versionsDir() string { return s.Dir + "-versions" }

func (s *Server) makeDirs(t testing.TB) {
	t.Helper()
	for _, dir := range []string{s.Dir, s.versionsDir()} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Setxattr(s.Dir, "user.pinfs", []byte("1"), 0); err != nil {
		t.Fatalf("the S3 server needs user xattrs in %s: %v; set TMPDIR to a directory on ext4, xfs or btrfs", s.Dir, err)
	}
}

// run starts the process from a thread of its own that lives as long as the process does: the
// parent-death signal is bound to the thread.
func (s *Server) run() error {
	cmd := exec.Command(s.binary, "--port", s.address, "--quiet", "--health", s.health,
		"posix", "--versioning-dir", s.versionsDir(), s.Dir)
	cmd.Env = []string{"ROOT_ACCESS_KEY=" + s.AccessKey, "ROOT_SECRET_KEY=" + s.SecretKey, "HOME=" + s.Dir}
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	s.stderr = new(bytes.Buffer)
	cmd.Stderr = s.stderr
	started, exited := make(chan error), make(chan struct{})
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			cmd.Wait()
		}
		close(exited)
	}()
	if err := <-started; err != nil {
		return err
	}
	s.process, s.exited = cmd.Process, exited
	return nil
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
		case <-s.exited:
			t.Fatalf("the S3 server ended at once: %s", strings.TrimSpace(s.stderr.String()))
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
