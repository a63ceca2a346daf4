package s3server

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
)

// commands are what the tool modules build.
var commands = map[Kind]string{
	Versitygw: "github.com/versity/versitygw/cmd/versitygw",
	MinIO:     "github.com/minio/minio",
}

// Build returns the path of the binary of a server that is built here: Versitygw or MinIO. It compiles
// it (a minute or two and a half from empty caches) unless the user's cache directory already holds one of the same sources and the same Go.
// Concurrent builds, of other processes too, wait for each other. The working directory must be
// inside this module.
func Build(kind Kind) (string, error) {
	module, path, err := binaryOf(kind)
	if err != nil {
		return "", err
	}
	unlock, err := lock(path + ".lock")
	if err != nil {
		return "", err
	}
	defer unlock()
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	return path, compile(module, commands[kind], path)
}

// Built returns the path of a server that Build has built before; it compiles nothing. The working
// directory must be inside this module.
func Built(kind Kind) (string, error) {
	_, path, err := binaryOf(kind)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(path); err != nil {
		return "", errors.New("the S3 server is not built: make tools")
	}
	return path, nil
}

// binaryOf returns the module of a server and where its binary belongs.
func binaryOf(kind Kind) (module, path string, err error) {
	if commands[kind] == "" {
		return "", "", fmt.Errorf("there is nothing to build for a server %q", kind)
	}
	if module, err = toolModule(kind); err != nil {
		return "", "", err
	}
	path, err = binaryPath(module, kind)
	return module, path, err
}

// build is Build for a test.
func build(t testing.TB, kind Kind) string {
	t.Helper()
	binary, err := Build(kind)
	if err != nil {
		t.Fatal(err)
	}
	return binary
}

// toolModule finds the server's own module beside this package.
func toolModule(kind Kind) (string, error) {
	out, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("go env GOMOD: %w", err)
	}
	dir := filepath.Join(filepath.Dir(string(bytes.TrimSpace(out))), "integration", "s3server", string(kind))
	if _, err := os.Stat(filepath.Join(dir, "go.mod")); err != nil {
		return "", fmt.Errorf("the S3 server's module: %w; run this inside the project's own module", err)
	}
	return dir, nil
}

// binaryPath names the binary after all that goes into it.
func binaryPath(module string, kind Kind) (string, error) {
	sum := sha256.New()
	fmt.Fprintln(sum, runtime.Version(), runtime.GOARCH)
	for _, name := range []string{"go.mod", "go.sum"} {
		content, err := os.ReadFile(filepath.Join(module, name))
		if err != nil {
			return "", err
		}
		sum.Write(content)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	dir := filepath.Join(cache, "pinfs")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	return filepath.Join(dir, fmt.Sprintf("%s-%x", kind, sum.Sum(nil)[:8])), nil
}

// lock takes an exclusive lock that the kernel drops when the process dies.
func lock(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return func() { f.Close() }, nil
}

// compile builds beside path and renames, so that path is complete or absent.
func compile(module, command, path string) error {
	partial := path + ".partial"
	cmd := exec.Command("go", "build", "-C", module, "-mod=readonly", "-trimpath", "-ldflags=-s -w", "-o", partial, command)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=-buildvcs=false")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w\n%s", command, err, out)
	}
	return os.Rename(partial, path)
}
