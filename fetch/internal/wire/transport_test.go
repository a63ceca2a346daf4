package wire

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestNoProxy: a web proxy of the environment gets no request.
func TestNoProxy(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	t.Setenv("http_proxy", "http://127.0.0.1:1")
	if NewTransport(nil, time.Second).Proxy != nil {
		t.Error("the transport asks for a proxy")
	}
}

func TestBadRoots(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{empty, empty + ".missing"} {
		if _, err := LoadRoots(file); err == nil {
			t.Errorf("LoadRoots(%s) succeeds", file)
		}
	}
}
