// Package gateway is a real S3 server over a directory, at the far end of a line that takes its time.
package gateway

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/pinfs/pinfs/cmd/pinfs-bench/internal/line"
	"github.com/pinfs/pinfs/cmd/pinfs-bench/internal/process"
)

// Gateway is one running server with one bucket.
type Gateway struct {
	Endpoint  string // http://127.0.0.1:port, of the line's near end
	Bucket    string
	AccessKey string
	SecretKey string

	process *process.Process
	line    *line.Line
}

// Start starts binary, a versitygw, over dir, which must exist, and lays a line to it on which answers
// come later by delay.
func Start(ctx context.Context, binary, dir string, delay time.Duration) (*Gateway, error) {
	g := &Gateway{Bucket: "bench", AccessKey: "pinfs" + rand.Text()[:11], SecretKey: rand.Text()}
	for _, d := range []string{filepath.Join(dir, g.Bucket), dir + "-versions"} { // a directory is a bucket
		if err := os.MkdirAll(d, 0o755); err != nil {
			return nil, err
		}
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	health := "/health-" + rand.Text() // that no other server answers
	cmd := exec.Command(binary, "--port", address, "--quiet", "--health", health, "posix", "--versioning-dir", dir+"-versions", dir)
	cmd.Env = []string{"ROOT_ACCESS_KEY=" + g.AccessKey, "ROOT_SECRET_KEY=" + g.SecretKey, "HOME=" + dir}
	if g.process, err = process.Start(cmd); err != nil {
		return nil, err
	}
	if err := g.await(ctx, "http://"+address+health); err != nil {
		g.process.Stop()
		return nil, err
	}
	if g.line, err = line.New(address, delay); err != nil {
		g.process.Stop()
		return nil, err
	}
	g.Endpoint = "http://" + g.line.Address
	return g, nil
}

// Traffic is what has passed the line so far.
func (g *Gateway) Traffic() line.Traffic { return g.line.Traffic() }

// Stop ends line and server.
func (g *Gateway) Stop() {
	g.line.Down()
	g.process.Stop()
}

// await returns when the server says at url that it is ready.
func (g *Gateway) await(ctx context.Context, url string) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		if resp, err := http.Get(url); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-g.process.Exited():
			return fmt.Errorf("the S3 server ended at once: %s", g.process.Words())
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// freeAddress picks a port that nobody has right now.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}
