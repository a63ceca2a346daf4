package inflight

import (
	"bytes"
	"encoding/binary"
	"os"
	"os/exec"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// message is a request with a tail, as the kernel writes it.
func message(opcode uint32, unique uint64, tail string) []byte {
	p := make([]byte, headerSize, headerSize+len(tail))
	p = append(p, tail...)
	binary.NativeEndian.PutUint32(p, uint32(len(p)))
	binary.NativeEndian.PutUint32(p[4:], opcode)
	binary.NativeEndian.PutUint64(p[8:], unique)
	return p
}

func create(t *testing.T) *File {
	t.Helper()
	f, err := Create()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// mapped is f as one process has it.
func mapped(t *testing.T, f *File) *Table {
	t.Helper()
	table, err := f.Map()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { table.Close() })
	return table
}

func take(t *testing.T, table *Table) *Slot {
	t.Helper()
	s, ok := table.Take()
	if !ok {
		t.Fatal("no free slot")
	}
	return s
}

// left returns what a successor finds.
func left(t *testing.T, f *File) (requests [][]byte) {
	t.Helper()
	for _, s := range mapped(t, f).Left() {
		requests = append(requests, bytes.Clone(s.Request()))
	}
	return requests
}

// TestDeaths: whenever a worker ends, its successor finds the requests that are not answered, and
// perhaps one that is.
func TestDeaths(t *testing.T) {
	first, second := message(15, 2, "first"), message(1, 4, "second")
	f := create(t)
	table := mapped(t, f)
	check := func(when string, want ...[]byte) {
		t.Helper()
		if got := left(t, f); !slices.EqualFunc(got, want, bytes.Equal) {
			t.Errorf("killed %s: left %q, want %q", when, got, want)
		}
	}
	check("before it did anything")
	a, b := take(t, table), take(t, table)
	check("while it waits for requests")
	copy(a.Buffer(), first[:4]) // the kernel does not stop here, but what if
	check("within the copy of the header")
	copy(a.Buffer(), first)
	check("in read(2), after the copy", first)
	copy(b.Buffer(), second)
	check("while it works on two", first, second)
	a.Clear()
	check("after one was answered and noted", second)
	table.Give(a)
	if c := take(t, table); c.index != a.index {
		t.Errorf("slot %d is taken after %d was given back", c.index, a.index)
	}
	check("with a slot taken again, which still has old bytes behind its length", second)
	b.Clear()
	check("after all was answered")
}

func TestSuccessorKeepsWhatItFound(t *testing.T) {
	f := create(t)
	copy(take(t, mapped(t, f)).Buffer(), message(15, 2, ""))
	table := mapped(t, f)
	found := table.Left()
	if len(found) != 1 {
		t.Fatalf("%d slots left, want 1", len(found))
	}
	for {
		s, ok := table.Take()
		if !ok {
			break
		}
		if s.index == found[0].index {
			t.Fatal("a slot that is in use was taken")
		}
	}
	found[0].Clear()
	table.Give(found[0])
	take(t, table)
}

func TestUnansweredAndClear(t *testing.T) {
	f := create(t)
	table := mapped(t, f)
	for n := range uint64(slots) {
		copy(take(t, table).Buffer(), message(opForget, (n+1)*2|Resent, ""))
	}
	if _, ok := table.Take(); ok {
		t.Error("a slot more than there are")
	}
	all, err := f.Unanswered()
	if err != nil || len(all) != slots {
		t.Fatalf("Unanswered = %d, %v, want %d", len(all), err, slots)
	}
	for _, r := range all {
		if r.ID() != r.Unique&^Resent || r.Refusal(unix.EIO) != nil {
			t.Errorf("request %+v: ID %d, refusal %v, want none", r, r.ID(), r.Refusal(unix.EIO))
		}
		if err := f.Clear(r); err != nil {
			t.Fatal(err)
		}
	}
	if all, err := f.Unanswered(); err != nil || len(all) != 0 {
		t.Errorf("Unanswered after Clear = %v, %v", all, err)
	}
}

func TestRefusal(t *testing.T) {
	p := Header(message(15, 77, "")).Refusal(unix.EIO)
	length, code, unique := binary.NativeEndian.Uint32(p), int32(binary.NativeEndian.Uint32(p[4:])), binary.NativeEndian.Uint64(p[8:])
	if len(p) != 16 || length != 16 || code != -5 || unique != 77 {
		t.Errorf("Refusal = length %d, code %d, unique %d", length, code, unique)
	}
}

func TestInit(t *testing.T) {
	f := create(t)
	if request, reply, err := f.Init(); request != nil || reply != nil || err != nil {
		t.Errorf("Init of a new table = %q, %q, %v", request, reply, err)
	}
	if err := f.KeepInit([]byte("request"), []byte("reply")); err != nil {
		t.Fatal(err)
	}
	if request, reply, err := f.Init(); string(request) != "request" || string(reply) != "reply" || err != nil {
		t.Errorf("Init = %q, %q, %v", request, reply, err)
	}
	if err := f.KeepInit(make([]byte, keepSize+1), nil); err == nil {
		t.Error("KeepInit of too much = nil")
	}
}

func TestOpenRefusesOtherFormats(t *testing.T) {
	f := create(t)
	if _, err := Open(f.File()); err != nil {
		t.Errorf("Open = %v", err)
	}
	if err := f.File().Truncate(0); err == nil {
		t.Error("the table can be made smaller, which kills who has it mapped")
	}
	if err := write(f.f, []byte("pinfs-2\n"), magicAt); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(f.File()); err == nil {
		t.Error("Open of another version = nil error")
	}
}

// TestTableIsSmall: only slots that were used take memory.
func TestTableIsSmall(t *testing.T) {
	f := create(t)
	table := mapped(t, f)
	for range 100 {
		s := take(t, table)
		copy(s.Buffer(), message(15, 2, ""))
		s.Clear()
		table.Give(s)
	}
	left(t, f)
	var st unix.Stat_t
	if err := unix.Fstat(int(f.File().Fd()), &st); err != nil {
		t.Fatal(err)
	}
	if st.Blocks*512 > 4*headSize {
		t.Errorf("the table takes %d bytes", st.Blocks*512)
	}
}

// TestKilledInRead: a process that is killed in the moment in which read(2) returns has noted nothing,
// and nothing is lost.
func TestKilledInRead(t *testing.T) {
	for range 20 {
		f := create(t)
		from, to, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		child := exec.Command("/proc/self/exe", "play-reader")
		child.ExtraFiles = []*os.File{f.File(), from}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		from.Close()
		want := message(15, 2, "tail")
		if _, err := to.Write(want); err != nil {
			t.Fatal(err)
		}
		for len(left(t, f)) == 0 { // until the kernel has copied it
		}
		if err := child.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = child.Wait() // killed
		if got := left(t, f); len(got) != 1 || !bytes.Equal(got[0], want) {
			t.Errorf("left %q, want %q", got, want)
		}
		to.Close()
	}
}

// TestMain plays a process that reads one request into a slot and looks at nothing.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == "play-reader" {
		f, err := Open(os.NewFile(3, "table"))
		if err != nil {
			panic(err)
		}
		table, err := f.Map()
		if err != nil {
			panic(err)
		}
		for {
			s, _ := table.Take()
			_, _ = unix.Read(4, s.Buffer())
		}
	}
	os.Exit(m.Run())
}
