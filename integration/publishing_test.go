package integration

import (
	"bytes"
	iofs "io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestPublishingPage runs the commands of docs/publishing.md, and looks for the tests that it rests on.
func TestPublishingPage(t *testing.T) {
	const page = "../docs/publishing.md"
	if typed := newUser(t).follow(t.TempDir(), page); typed < 15 {
		t.Errorf("only %d commands found", typed)
	}
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	tests := allTests(t)
	for _, name := range regexp.MustCompile("`(Test[A-Z][A-Za-z]*)`").FindAllSubmatch(text, -1) {
		if !bytes.Contains(tests, append([]byte("func "), append(name[1], '(')...)) {
			t.Errorf("there is no %s", name[1])
		}
	}
}

// allTests is the text of all tests of this module.
func allTests(t *testing.T) []byte {
	t.Helper()
	var all bytes.Buffer
	err := filepath.WalkDir("..", func(path string, d iofs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		b, err := os.ReadFile(path)
		all.Write(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.Bytes()
}
