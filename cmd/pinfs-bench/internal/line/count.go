package line

import (
	"bufio"
	"io"
	"net/http"
	"sync/atomic"
)

// counted returns r with the HTTP requests that are read from it counted in n. Whoever has read all that
// he wants calls done.
func counted(r io.Reader, n *atomic.Int64) (in io.Reader, done func()) {
	seen, tee := io.Pipe()
	parsed := make(chan struct{})
	go func() {
		defer close(parsed)
		parse(bufio.NewReader(seen), n)
		_, _ = io.Copy(io.Discard, seen) // what is not understood passes all the same
	}()
	return io.TeeReader(r, tee), func() {
		tee.Close()
		<-parsed
	}
}

func parse(r *bufio.Reader, n *atomic.Int64) {
	for {
		req, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		n.Add(1)
		if _, err := io.Copy(io.Discard, req.Body); err != nil {
			return
		}
	}
}
