package integration

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// tap is an HTTP proxy before an S3 server, on loopback. It counts the requests that arrive and lets a test
// do something to each. It may be used concurrently.
type tap struct {
	URL string

	far    string // host:port
	client http.RoundTripper

	mu    sync.Mutex // guards what follows
	quiet *sync.Cond // on mu: no request is under way
	n     int        // requests since the last call of begin
	busy  int        // of them under way
	do    meddler
}

// meddler does something to a request and its answer.
type meddler func(x *exchange)

// exchange is one request and its answer.
type exchange struct {
	n    int // counts from 1
	req  *http.Request
	body []byte // of the request

	answer *http.Response // nil = none: the connection is reset
	said   []byte         // its body

	tap *tap
}

// newTap lays a tap before the server at endpoint, http://host:port. It goes when the test ends.
func newTap(t testing.TB, endpoint string) *tap {
	t.Helper()
	transport := &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 64}
	p := &tap{far: strings.TrimPrefix(endpoint, "http://"), client: transport}
	p.quiet = sync.NewCond(&p.mu)
	p.begin(nil)
	server := httptest.NewServer(p)
	p.URL = server.URL
	t.Cleanup(func() {
		server.Close()
		transport.CloseIdleConnections()
	})
	return p
}

// begin counts from 1 again and has do meddle with what follows; nil = nobody does.
func (p *tap) begin(do meddler) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if do == nil {
		do = (*exchange).forward
	}
	p.n, p.do = 0, do
}

// count waits for the requests under way, and returns how many there were since begin.
func (p *tap) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.busy > 0 {
		p.quiet.Wait()
	}
	return p.n
}

// ServeHTTP implements http.Handler.
func (p *tap) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client has gone
	}
	p.mu.Lock()
	p.n++
	p.busy++
	x, do := &exchange{n: p.n, req: r, body: body, tap: p}, p.do
	p.mu.Unlock()
	do(x)
	x.reply(w)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.busy--
	p.quiet.Broadcast()
}

// forward sends the request on and takes the whole answer. The signed host stays.
func (x *exchange) forward() {
	out := x.req.Clone(x.req.Context())
	out.URL.Scheme, out.URL.Host, out.RequestURI = "http", x.tap.far, ""
	out.Body, out.ContentLength = io.NopCloser(bytes.NewReader(x.body)), int64(len(x.body))
	if len(x.body) == 0 {
		out.Body = http.NoBody
	}
	answer, err := x.tap.client.RoundTrip(out)
	if err != nil {
		return
	}
	defer answer.Body.Close()
	if x.said, err = io.ReadAll(answer.Body); err == nil {
		x.answer = answer
	}
}

// refuse answers without the server.
func (x *exchange) refuse(status int) {
	x.answer = &http.Response{StatusCode: status, Header: http.Header{}}
}

// reply sends the answer to the client, if there is one.
func (x *exchange) reply(w http.ResponseWriter) {
	if x.answer == nil {
		x.reset(w)
		return
	}
	for name, values := range x.answer.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(x.answer.StatusCode)
	_, _ = w.Write(x.said) // whether the client is still there is its own affair
}

func (x *exchange) reset(w http.ResponseWriter) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	_ = conn.(*net.TCPConn).SetLinger(0)
	conn.Close()
}

// String is the request in a word.
func (x *exchange) String() string { return x.req.Method + " " + x.req.URL.RequestURI() }
