package wire

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/pinfs/pinfs/fetch"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestImpatient: a server that says nothing is given up, before its headers and in its body; one
// that ends properly is not.
func TestImpatient(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/body" {
			io.WriteString(w, "some")
			http.NewResponseController(w).Flush()
		}
		if r.URL.Path != "/" {
			<-r.Context().Done()
		}
	}))
	t.Cleanup(server.Close)
	transport := NewTransport(nil, time.Minute)
	t.Cleanup(transport.CloseIdleConnections)
	client := &http.Client{Transport: Impatient(transport, 100*time.Millisecond)}
	for path, hangs := range map[string]bool{"/": false, "/headers": true, "/body": true} {
		resp, err := client.Get(server.URL + path)
		if err == nil {
			_, err = io.ReadAll(resp.Body)
			resp.Body.Close()
		}
		if hangs && (!errors.Is(err, fetch.ErrUnavailable) || !strings.Contains(err.Error(), "nothing for 100ms")) || !hangs && err != nil {
			t.Errorf("GET %s = %v, hangs: %v", path, err, hangs)
		}
	}
}
