package http

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/file"
)

// nginxConf serves one directory under several names. Compression is on for all who ask for it.
const nginxConf = `
daemon off;
master_process off;
pid nginx.pid;
events {}
http {
	access_log off;
	client_body_temp_path tmp;
	proxy_temp_path tmp;
	fastcgi_temp_path tmp;
	uwsgi_temp_path tmp;
	scgi_temp_path tmp;
	gzip on;
	gzip_types *;
	gzip_min_length 0;
	server {
		listen %s;
		root %s;
		location /dated/ { alias %[2]s/; etag off; }
		location /moved/ { rewrite ^/moved/(.*)$ /$1 redirect; }
		location /busy/ { add_header Retry-After 7 always; return 429; }
		location /forbidden/ { return 403; }
		location /gone/ { return 410; }
		location /nohead/ { alias %[2]s/; if ($request_method = HEAD) { return 405; } }
	}
}
`

// nginx is a web server and the directory that it serves.
type nginx struct {
	url   string // http://127.0.0.1:port
	files *file.Store
	dir   string
	clock atomic.Int64 // seconds; each object gets a modification time of its own
}

// startNginx starts the server and waits until it answers; it is killed when the test ends.
func startNginx(t testing.TB) *nginx {
	t.Helper()
	address, base := freeAddress(t), t.TempDir()
	n := &nginx{url: "http://" + address, dir: filepath.Join(base, "files")}
	n.clock.Store(time.Now().Add(-50 * time.Minute).Unix()) // so that it stays in the past
	if err := os.Mkdir(n.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	files, err := file.New(n.dir)
	if err != nil {
		t.Fatal(err)
	}
	n.files = files
	conf := filepath.Join(base, "nginx.conf")
	if err := os.WriteFile(conf, fmt.Appendf(nil, nginxConf, address, n.dir), 0o600); err != nil {
		t.Fatal(err)
	}
	await(t, address, run(t, base, conf))
	return n
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

// run starts the process from a thread of its own that lives as long as the process does: the
// parent-death signal is bound to the thread. The channel is closed at the process's end.
func run(t testing.TB, base, conf string) <-chan struct{} {
	t.Helper()
	cmd := exec.Command("nginx", "-p", base, "-c", conf, "-e", "stderr")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
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
		t.Fatalf("start nginx: %v; install the Debian package nginx", err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		<-exited
		if t.Failed() {
			t.Logf("nginx: %s", stderr.Bytes())
		}
	})
	return exited
}

// await returns once the address can be connected to.
func await(t testing.TB, address string, exited <-chan struct{}) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		if conn, err := net.Dial("tcp", address); err == nil {
			conn.Close()
			return
		}
		select {
		case <-exited:
			t.Fatal("nginx ended at once")
		case <-tick.C:
		}
	}
}

// open returns the directory of the server below its root, "" for the root itself.
func (n *nginx) open(t testing.TB, path string) *Server {
	t.Helper()
	return open(t, n.url+path, Config{})
}

// open returns a Server that the end of the test closes.
func open(t testing.TB, base string, cfg Config) *Server {
	t.Helper()
	s, err := New(base, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// store is a Server with a half that writes: the directory behind it.
type store struct {
	*Server
	nginx *nginx
}

var _ fetch.Store = store{}

func (s store) Create(ctx context.Context, key string, body io.ReaderAt, size int64) (fetch.Location, error) {
	if _, err := s.nginx.files.Create(ctx, key, body, size); err != nil {
		return fetch.Location{}, err
	}
	if err := s.nginx.stamp(filepath.Join(s.nginx.dir, key)); err != nil {
		return fetch.Location{}, err
	}
	return s.Stat(ctx, key)
}

// stamp gives the file a modification time that no other has: nginx sees no less than a second.
func (n *nginx) stamp(path string) error {
	return os.Chtimes(path, time.Time{}, time.Unix(n.clock.Add(1), 0))
}

// Overwrite puts a new file in the old one's place.
func (s store) Overwrite(ctx context.Context, key string, content []byte) (fetch.Location, error) {
	temp := s.nginx.dir + ".new"
	if err := os.WriteFile(temp, content, 0o600); err != nil {
		return fetch.Location{}, err
	}
	if err := s.nginx.stamp(temp); err != nil {
		return fetch.Location{}, err
	}
	if err := os.Rename(temp, filepath.Join(s.nginx.dir, key)); err != nil {
		return fetch.Location{}, err
	}
	return s.Stat(ctx, key)
}

func (s store) Remove(ctx context.Context, key string) error { return s.nginx.files.Remove(ctx, key) }

func (s store) List(ctx context.Context, prefix string) iter.Seq2[fetch.Entry, error] {
	return func(yield func(fetch.Entry, error) bool) {
		for e, err := range s.nginx.files.List(ctx, prefix) {
			if err == nil {
				e.Location, err = s.Stat(ctx, e.Key)
			}
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}
