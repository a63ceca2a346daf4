package xz

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"testing"

	"github.com/ulikunitz/xz/lzma"

	"github.com/pinfs/pinfs/squash/internal/codec"
)

// chunked packs p and returns its LZMA2 chunks, among them the end marker. With no bits of context they
// mean the same wherever they stand.
func chunked(t testing.TB, p []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := lzma.Writer2Config{DictCap: 1 << 20, Properties: &lzma.Properties{}}.NewWriter2(&out)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(p); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// raw is a chunk of stored bytes.
func raw(control byte, p string) []byte {
	return append(binary.BigEndian.AppendUint16([]byte{control}, uint16(len(p)-1)), p...)
}

const hello = "hello, hello, hello"

// TestChunks decodes sequences of chunks that encoders seldom write, and refuses those that make no
// sense.
func TestChunks(t *testing.T) {
	packed := chunked(t, []byte(hello))
	packed = packed[:len(packed)-1]
	change := func(control byte) []byte {
		p := slices.Delete(slices.Clone(packed), 5, 6) // the properties
		p[0] = p[0]&0x1f | control
		return p
	}
	end := []byte{controlEnd}
	for name, c := range map[string]struct {
		chunks [][]byte
		want   string // "" for an error
	}{
		"one":                              {[][]byte{packed, end}, hello},
		"stored":                           {[][]byte{raw(1, "abc"), end}, "abc"},
		"stored twice":                     {[][]byte{raw(1, "abc"), raw(2, "de"), end}, "abcde"},
		"a dictionary each":                {[][]byte{packed, packed, raw(1, "x"), packed, end}, hello + hello + "x" + hello},
		"a state each":                     {[][]byte{packed, change(0xa0), end}, hello + hello},
		"stored between states":            {[][]byte{packed, raw(2, "x"), change(0xa0), end}, hello + "x" + hello},
		"no end":                           {[][]byte{packed}, ""},
		"state first":                      {[][]byte{change(0xa0), end}, ""},
		"neither first":                    {[][]byte{change(0x80), end}, ""},
		"stored without dictionary first":  {[][]byte{raw(2, "abc"), end}, ""},
		"no properties in a dictionary":    {[][]byte{raw(1, "abc"), change(0xa0), end}, ""},
		"no properties in a new one":       {[][]byte{packed, raw(1, "abc"), change(0x80), end}, ""},
		"not a chunk":                      {[][]byte{packed, {3, 0, 0, 0}, end}, ""},
		"the last control of none":         {[][]byte{packed, {0x7f, 0, 0, 0}, end}, ""},
		"stored chunk that breaks off":     {[][]byte{raw(1, "abc")[:4]}, ""},
		"lc+lp above four":                 {[][]byte{set(packed, 5, 9*4+1), end}, ""},
		"pb above four":                    {[][]byte{set(packed, 5, 225), end}, ""},
		"range coder that does not start":  {[][]byte{set(packed, 6, 1), end}, ""},
		"too short for a range coder":      {[][]byte{set(packed, 4, 3), end}, ""},
		"a byte more than it is made from": {[][]byte{set(packed, 2, packed[2]+1), end}, ""},
		"a byte less than it is made from": {[][]byte{set(packed, 2, packed[2]-1), end}, ""},
		"a match behind the end":           {[][]byte{set(packed, 2, 9), end}, ""},
		"a byte more packed":               {[][]byte{set(packed, 4, packed[4]+1), {0}, end}, ""},
		"a byte less packed":               {[][]byte{set(packed, 4, packed[4]-1), end}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			dst := make([]byte, 100)
			s := wrap(lzma2Only, slices.Concat(c.chunks...), len(c.want))
			n, err := (Decoder{}).Decode(dst, s)
			if got := string(dst[:n]); err == nil && got != c.want || (err == nil) != (c.want != "") {
				t.Errorf("Decode = %q, %v, want %q", got, err, c.want)
			}
		})
	}
}

func set(p []byte, i int, v byte) []byte {
	p = slices.Clone(p)
	p[i] = v
	return p
}

func TestTooLong(t *testing.T) {
	for name, chunks := range map[string][]byte{
		"packed": chunked(t, []byte(hello)),
		"stored": append(raw(1, hello), controlEnd),
		"second": slices.Concat(raw(1, "hello"), raw(2, hello[5:]), []byte{controlEnd}),
	} {
		s := wrap(lzma2Only, chunks, len(hello))
		if _, err := (Decoder{}).Decode(make([]byte, len(hello)), s); err != nil {
			t.Errorf("%s: Decode = %v", name, err)
		}
		for n := range len(hello) {
			if _, err := (Decoder{}).Decode(make([]byte, n), s); !errors.Is(err, codec.ErrTooLong) {
				t.Errorf("%s: Decode into %d bytes = %v, want ErrTooLong", name, n, err)
			}
		}
	}
}

// TestDistancesEndAtTheDictionary decodes a match that is too far for the dictionary that the header
// allows, and one that reaches before the reset.
func TestDistancesEndAtTheDictionary(t *testing.T) {
	far := slices.Concat([]byte(hello), make([]byte, 5000), []byte(hello))
	chunks := chunked(t, far)
	dst := make([]byte, 2*len(far))
	for code := range byte(41) {
		_, err := (Decoder{}).Decode(dst, wrap([]byte{filterLZMA2, 1, code}, chunks, len(far)))
		if (err == nil) != (code > 0) { // 4 KiB, 6 KiB and above
			t.Errorf("dictionary of code %d: Decode = %v", code, err)
		}
	}
	again := chunked(t, []byte(hello+hello))
	first := chunked(t, []byte(hello))
	for i := range again[6:] {
		// whatever the changed bits stand for, the bytes before the dictionary are out of reach
		p := slices.Concat(first[:len(first)-1], set(again, 6+i, again[6+i]^0x55))
		if n, err := (Decoder{}).Decode(dst, wrap(lzma2Only, p, len(hello)*3)); err == nil && n != len(hello)*3 {
			t.Errorf("byte %d: Decode = %d", i, n)
		}
	}
}
