package work

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/pinfs/pinfs/cmd/pinfs-bench/internal/tree"
)

// jobs are all kinds of work.
var jobs = []Job{
	{Kind: Read}, {Kind: Read, Workers: 4}, {Kind: Read, AtLeast: 1 << 20}, {Kind: Random, Count: 50}, {Kind: Find}, {Kind: Stat, Workers: 8},
	{Kind: Compile, Count: 3}, {Kind: First}, {Kind: Start}, {Kind: Digest},
}

// planted makes a small tree and lists it.
func planted(t *testing.T) (dir string, list []tree.Entry) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "tree")
	if err := tree.Make(t.Context(), dir, tree.Shape{Packages: 2, Libraries: 2}); err != nil {
		t.Fatal(err)
	}
	list, err := tree.List(dir)
	if err != nil {
		t.Fatal(err)
	}
	return dir, list
}

func did(t *testing.T, j Job, dir string, list []tree.Entry) Done {
	t.Helper()
	j.Dir = dir
	d, err := j.Do(list)
	if err != nil {
		t.Fatalf("%s: %v", j.Kind, err)
	}
	return d
}

// same is d without what differs each time.
func same(d Done) Done {
	d.Seconds, d.CPU = 0, 0
	return d
}

func TestWorkIsTheSameEachTime(t *testing.T) {
	dir, list := planted(t)
	for _, j := range jobs {
		first, again := did(t, j, dir, list), did(t, j, dir, list)
		if same(first) != same(again) {
			t.Errorf("%+v: %+v, then %+v", j, first, again)
		}
		if first.Operations == 0 || first.Seconds <= 0 {
			t.Errorf("%+v did nothing: %+v", j, first)
		}
	}
	if one, four := did(t, jobs[0], dir, list), did(t, jobs[1], dir, list); same(one) != same(four) {
		t.Errorf("one reader sees %+v, four %+v", one, four)
	}
}

func TestReadAtLeast(t *testing.T) {
	dir, list := planted(t)
	for atLeast, want := range map[int64]int{0: len(tree.Files(list, 0)), 1 << 20: 2, 1 << 40: len(tree.Files(list, 0))} {
		if d := did(t, Job{Kind: Read, AtLeast: atLeast}, dir, list); d.Operations != int64(want) {
			t.Errorf("files of %d bytes: %d were read, want %d", atLeast, d.Operations, want)
		}
	}
}

// TestSumsTell changes one thing at a time; Digest sees each, the others what they look at.
func TestSumsTell(t *testing.T) {
	for what, c := range map[string]struct {
		change func(name string) error
		seenBy []Job
	}{
		"a byte": {flip, []Job{{Kind: Read}, {Kind: Digest}}},
		"a mode": {func(name string) error { return os.Chmod(name, 0o600) }, []Job{{Kind: Find}, {Kind: Stat}, {Kind: Digest}}},
	} {
		dir, list := planted(t)
		before := map[Kind]Done{}
		for _, j := range c.seenBy {
			before[j.Kind] = did(t, j, dir, list)
		}
		if err := c.change(filepath.Join(dir, tree.Files(list, 1)[3].Path)); err != nil {
			t.Fatal(err)
		}
		for _, j := range c.seenBy {
			if did(t, j, dir, list).Sum == before[j.Kind].Sum {
				t.Errorf("%s is different, and the sum of %s the same", what, j.Kind)
			}
		}
	}
}

// flip changes a byte, and neither size nor times.
func flip(name string) error {
	fi, err := os.Stat(name)
	if err != nil {
		return err
	}
	b, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	b[len(b)/2] ^= 1
	if err := os.WriteFile(name, b, 0o644); err != nil {
		return err
	}
	return os.Chtimes(name, fi.ModTime(), fi.ModTime())
}

func TestDigestSeesWhatIsNotListed(t *testing.T) {
	dir, list := planted(t)
	before := did(t, Job{Kind: Digest}, dir, list)
	if err := os.Symlink("x", filepath.Join(dir, "more")); err != nil {
		t.Fatal(err)
	}
	if did(t, Job{Kind: Digest}, dir, list).Sum == before.Sum {
		t.Error("one more link, and the digest is the same")
	}
}

func TestFailures(t *testing.T) {
	_, list := planted(t)
	for _, j := range jobs {
		j.Dir = t.TempDir() + "/none"
		if d, err := j.Do(list); err == nil {
			t.Errorf("%s where nothing is: %+v", j.Kind, d)
		}
	}
	for _, k := range []Kind{Random, Compile, First, "dance"} {
		if d, err := (Job{Kind: k, Dir: t.TempDir(), Count: 1}).Do(nil); err == nil {
			t.Errorf("%s with nothing listed: %+v", k, d)
		}
	}
}
