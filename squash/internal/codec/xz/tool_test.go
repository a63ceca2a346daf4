package xz

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"
)

// pack runs the xz program.
func pack(t testing.TB, p []byte, args ...string) []byte {
	t.Helper()
	cmd := exec.Command("xz", append([]string{"--stdout"}, args...)...)
	cmd.Stdin = bytes.NewReader(p)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("xz %v: %v: %s", args, err, &stderr)
	}
	return out
}

// program is a part of this test's own program: code, tables and text.
func program(t testing.TB, off, n int) []byte {
	t.Helper()
	name, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	p := make([]byte, n)
	if _, err := f.ReadAt(p, int64(off)); err != nil {
		t.Fatal(err)
	}
	return p
}

func noise(seed byte, n int) []byte {
	p := make([]byte, n)
	rand.NewChaCha8([32]byte{seed}).Read(p)
	return p
}

// contents are of all kinds and sizes, among them more than one chunk.
func contents(t testing.TB) map[string][]byte {
	code := program(t, 64<<10, 600<<10)
	return map[string][]byte{
		"nothing": {}, "one byte": {7}, "two bytes": {7, 7}, "code": code, "noise": noise(1, 150<<10),
		"zeros": make([]byte, 3<<20), "threes": bytes.Repeat([]byte("abc"), 50_000),
		"code with noise in it": bytes.Join([][]byte{code[:100<<10], noise(2, 90<<10), code[:100<<10]}, nil),
	}
}

func TestPresets(t *testing.T) {
	for name, want := range contents(t) {
		for level := range 10 {
			for _, extreme := range []string{"", "e"} {
				preset := fmt.Sprintf("-%d%s", level, extreme)
				wantDecoded(t, name+" with "+preset, pack(t, want, preset), want)
			}
		}
	}
}

func TestLiteralAndPositionBits(t *testing.T) {
	want := append(program(t, 128<<10, 100<<10), noise(3, 10<<10)...)
	for lc := range 5 {
		for lp := range 5 - lc {
			for pb := range 5 {
				arg := fmt.Sprintf("--lzma2=lc=%d,lp=%d,pb=%d", lc, lp, pb)
				wantDecoded(t, arg, pack(t, want, arg), want)
			}
		}
	}
}

func TestModesFindersAndDictionaries(t *testing.T) {
	want := append(program(t, 128<<10, 700<<10), program(t, 128<<10, 100<<10)...)
	for _, arg := range []string{
		"dict=4KiB", "dict=6KiB", "dict=64KiB", "dict=1MiB", "dict=1536MiB,mf=hc3,mode=fast",
		"mode=fast,mf=hc4", "mf=bt2", "mf=bt3", "nice=5", "nice=273", "dict=128KiB,lc=4", "dict=128KiB,pb=0",
	} {
		wantDecoded(t, arg, pack(t, want, "--lzma2="+arg), want)
	}
}

// TestPeriods repeats every distance that overlaps itself, up to odd lengths, with literals between that
// depend on the last byte.
func TestPeriods(t *testing.T) {
	var want []byte
	for period := 1; period < 300; period++ {
		piece := noise(byte(period), period)
		for range 2 + 600/period {
			want = append(want, piece...)
		}
		want = append(want, piece[:period%7*period/7]...)
		want = append(want, "some text"[:1+period%9]...)
	}
	for _, lc := range []string{"0", "3", "4"} {
		wantDecoded(t, "lc="+lc, pack(t, want, "--lzma2=preset=9e,lc="+lc), want)
	}
}

func TestChecks(t *testing.T) {
	want := program(t, 128<<10, 20<<10)
	for _, check := range []string{"none", "crc32", "crc64", "sha256"} {
		wantDecoded(t, check, pack(t, want, "--check="+check), want)
		wantDecoded(t, check+" in blocks", pack(t, want, "--check="+check, "--block-size=3000"), want)
		wantDecoded(t, check+" in sized blocks", pack(t, want, "--check="+check, "--threads=2", "--block-size=5000"), want)
	}
}
