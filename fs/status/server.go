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

// path is the one question that can be asked.
const path = "/v1/status"

// Serve answers at the unix socket at socket with what document returns, until ctx ends. document
// must only take snapshots: it is called for each question and must not wait for the origin. Whoever
// can enter the socket's directory may ask.
func Serve(ctx context.Context, socket string, document func() Document) error {
	if err := os.RemoveAll(socket); err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "unix", socket)
	if err != nil {
		return err
	}
	if l, ok := listener.(*net.UnixListener); ok {
		// By the end another mount may have a socket of that name; the holder removes ours.
		l.SetUnlinkOnClose(false)
	}
	if err := os.Chmod(socket, 0o666); err != nil {
		return errors.Join(err, listener.Close())
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		// An error here means that the client has gone; it knows.
		_ = json.NewEncoder(w).Encode(document())
	})
	server := &http.Server{Handler: mux, ReadTimeout: 5 * time.Second, WriteTimeout: 5 * time.Second}
	closed := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() { closed <- server.Close() })
	err = server.Serve(listener)
	if stop() {
		return err
	}
	return <-closed
}
