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

// TestImpatient: a server that says nothing is given up, before its headers and in its body, and so is
// one that trickles; one that ends properly is not, be it slow.
func TestImpatient(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/body":
			trickle(w, r, 1, 4)
			<-r.Context().Done()
		case "/headers":
			<-r.Context().Done()
		case "/trickle":
			trickle(w, r, 1<<30, 1)
		case "/slow":
			trickle(w, r, 40, leastProgress)
		}
	}))
	t.Cleanup(server.Close)
	transport := NewTransport(nil, time.Minute)
	t.Cleanup(transport.CloseIdleConnections)
	client := &http.Client{Transport: Impatient(transport, 500*time.Millisecond)}
	for path, says := range map[string]string{
		"/": "", "/slow": "", "/headers": "nothing for 500ms", "/body": "4 bytes in 500ms", "/trickle": "bytes in 500ms",
	} {
		resp, err := client.Get(server.URL + path)
		if err == nil {
			_, err = io.ReadAll(resp.Body)
			resp.Body.Close()
		}
		if says != "" && (!errors.Is(err, fetch.ErrUnavailable) || !strings.Contains(err.Error(), says)) || says == "" && err != nil {
			t.Errorf("GET %s = %v, want %q", path, err, says)
		}
	}
}

// trickle sends n bytes so many times, with pauses.
func trickle(w http.ResponseWriter, r *http.Request, times, n int) {
	pause := time.NewTicker(20 * time.Millisecond)
	defer pause.Stop()
	for range times {
		_, _ = w.Write(make([]byte, n)) // it is ctx that tells that the client has gone
		http.NewResponseController(w).Flush()
		select {
		case <-r.Context().Done():
			return
		case <-pause.C:
		}
	}
}
