package mirror_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"net"
	"sync"
	"sync/atomic"
	"testing"
)

// nameserver opens a connection to where names are looked up at the moment.
var nameserver atomic.Pointer[func() (net.Conn, error)]

// All names of this process are looked up there. It is set before anything runs that could read it.
func init() {
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		return (*nameserver.Load())()
	}}
}

// useNameserver starts a name server which knows known.test as 127.0.0.1, fails for failing.test and
// says nothing to silent.test. At the end of the test lookups under way, which nobody waits for any
// more, are ended.
func useNameserver(t *testing.T) {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() { serveNames(conn) })
	ctx, end := context.WithCancel(context.WithoutCancel(t.Context()))
	dial := func() (net.Conn, error) {
		asked, err := new(net.Dialer).DialContext(ctx, "udp", conn.LocalAddr().String())
		if err == nil {
			context.AfterFunc(ctx, func() { asked.Close() })
		}
		return asked, err
	}
	nameserver.Store(&dial)
	t.Cleanup(func() {
		end()
		conn.Close()
		running.Wait()
	})
}

func serveNames(conn net.PacketConn) {
	p := make([]byte, 1500)
	for {
		n, from, err := conn.ReadFrom(p)
		if err != nil {
			return
		}
		if answer := nameAnswer(p[:n]); answer != nil {
			_, _ = conn.WriteTo(answer, from) // who asked may have gone
		}
	}
}

const (
	serverFailure = 2 // response codes of RFC 1035
	nameError     = 3
)

// nameAnswer answers a query with one question, by RFC 1035.
func nameAnswer(query []byte) []byte {
	const header, kindA = 12, 1
	end := header + bytes.IndexByte(query[header:], 0) + 5 // behind the name, type and class
	name, kind := query[header:end-5], binary.BigEndian.Uint16(query[end-4:])
	answer := bytes.Clone(query[:end])
	binary.BigEndian.PutUint16(answer[2:], 0x8180) // an answer, recursion available
	copy(answer[6:header], make([]byte, 6))        // no records
	switch {
	case bytes.Contains(name, []byte("silent")):
		return nil
	case bytes.Contains(name, []byte("failing")):
		answer[3] |= serverFailure
	case !bytes.Contains(name, []byte("known")):
		answer[3] |= nameError
	case kind == kindA:
		answer[7] = 1
		answer = append(answer, 0xc0, header, 0, kindA, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1)
	}
	return answer
}
