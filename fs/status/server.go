package status

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"os"
	"time"
)

// What can be asked.
const (
	path      = "/v1/status"
	tracePath = "/v1/trace" // GET; POST begins a new one
)

// Mount is what is asked. Its methods must only take snapshots: they are called for each question,
// concurrently, and must not wait for the origin.
type Mount interface {
	Document() Document
	Trace(begin bool) Touched
}

// Listen makes the unix socket at socket; who asks from now on waits for Serve. Whoever can enter the
// socket's directory may ask.
func Listen(ctx context.Context, socket string) (net.Listener, error) {
	if err := os.RemoveAll(socket); err != nil {
		return nil, err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "unix", socket)
	if err != nil {
		return nil, err
	}
	if l, ok := listener.(*net.UnixListener); ok {
		// By the end another mount may have a socket of that name; the holder removes ours.
		l.SetUnlinkOnClose(false)
	}
	if err := os.Chmod(socket, 0o666); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	return listener, nil
}

// Serve answers who asks through listener, and closes it when ctx ends.
func Serve(ctx context.Context, listener net.Listener, m Mount) error {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) { answer(w, m.Document()) })
	mux.HandleFunc("GET "+tracePath, func(w http.ResponseWriter, _ *http.Request) { answer(w, m.Trace(false)) })
	mux.HandleFunc("POST "+tracePath, func(w http.ResponseWriter, _ *http.Request) { answer(w, m.Trace(true)) })
	server := &http.Server{Handler: mux, ReadTimeout: 5 * time.Second, WriteTimeout: 5 * time.Second}
	closed := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() { closed <- server.Close() })
	err := server.Serve(listener)
	if stop() {
		return err
	}
	return <-closed
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // an error means that the client has gone; it knows
}
