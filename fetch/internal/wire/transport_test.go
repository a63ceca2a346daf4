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

// TestEncryptionInTime: a server that does not answer a TLS greeting is given up as soon as one that
// does not answer a request.
func TestEncryptionInTime(t *testing.T) {
	if got := NewTransport(nil, time.Second).TLSHandshakeTimeout; got != time.Second {
		t.Errorf("agreeing on encryption may take %v, want 1s", got)
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
