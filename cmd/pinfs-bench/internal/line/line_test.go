package line

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// laid is a line to a server that answers each request with content.
func laid(t *testing.T, delay time.Duration, content []byte) (*Line, *http.Client) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = w.Write(content)
	}))
	t.Cleanup(server.Close)
	l, err := New(strings.TrimPrefix(server.URL, "http://"), delay)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		select {
		case <-l.ending:
		default:
			l.Down()
		}
	})
	client := &http.Client{Transport: &http.Transport{}}
	t.Cleanup(client.CloseIdleConnections)
	return l, client
}

// get sends a request with a body of n bytes and returns the answer.
func get(t *testing.T, l *Line, client *http.Client, n int) []byte {
	t.Helper()
	resp, err := client.Post("http://"+l.Address, "", bytes.NewReader(make([]byte, n)))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestTraffic(t *testing.T) {
	content := bytes.Repeat([]byte("0123456789"), 300_000)
	l, client := laid(t, 0, content)
	before := l.Traffic()
	for i := range 5 {
		if !bytes.Equal(get(t, l, client, i*100_000), content) {
			t.Fatal("other bytes arrive than were sent")
		}
	}
	got := l.Traffic().Since(before)
	if sent := int64(5 * len(content)); got.Requests != 5 || got.Bytes < sent || got.Bytes > sent+10_000 {
		t.Errorf("Traffic = %+v, want 5 requests and %d bytes and some of headers", got, sent)
	}
}

// TestDelay holds what a round trip takes at least; how much more is the machine's business.
func TestDelay(t *testing.T) {
	const delay = 30 * time.Millisecond
	l, client := laid(t, delay, []byte("x"))
	for range 3 {
		start := time.Now()
		get(t, l, client, 0)
		if took := time.Since(start); took < delay {
			t.Errorf("an answer came after %s, want at least %s", took, delay)
		}
	}
}

// TestDown ends what is on the way.
func TestDown(t *testing.T) {
	l, client := laid(t, time.Hour, []byte("x"))
	failed := make(chan error)
	go func() {
		_, err := client.Get("http://" + l.Address)
		failed <- err
	}()
	for l.Traffic().Requests == 0 {
		time.Sleep(time.Millisecond)
	}
	l.Down()
	if err := <-failed; err == nil {
		t.Error("an answer came through a line that is down")
	}
	if _, err := client.Get("http://" + l.Address); err == nil {
		t.Error("a line that is down takes connections")
	}
}

// TestNotHTTP passes what can not be counted.
func TestNotHTTP(t *testing.T) {
	l, _ := laid(t, 0, nil)
	conn, err := net.Dial("tcp", l.Address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, strings.Repeat("nonsense\r\n\r\n", 10_000)); err != nil {
		t.Fatal(err)
	}
	if answer, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.Contains(answer, "400") {
		t.Errorf("the server says %q, %v, want 400", answer, err)
	}
	if n := l.Traffic().Requests; n != 0 {
		t.Errorf("%d requests were counted in nonsense", n)
	}
}
