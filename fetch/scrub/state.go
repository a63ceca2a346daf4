package scrub

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	iofs "io/fs"
	"os"
	"path/filepath"
	"time"
)

// stateSchema is what a state file of this version says first.
const stateSchema = "pinfs.scrub/v1"

// saveEvery bounds how often the file is written.
const saveEvery = 5 * time.Second

// state remembers which units were found right in this pass. What was not right is read again: somebody may
// have mended it.
type state struct {
	path  string // "" = nothing is remembered
	known map[string]bool
	of    string
	saved time.Time
}

// stored is the file.
type stored struct {
	Schema string   `json:"schema"`
	Of     string   `json:"of"` // what store
	Right  []string `json:"right"`
}

// openState reads the file if there is one that can be understood and is about the same store, and makes
// sure that it can be written.
func openState(path, of string) (*state, error) {
	s := &state{path: path, of: of, known: map[string]bool{}}
	if path == "" {
		return s, nil
	}
	var file stored
	b, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, iofs.ErrNotExist) {
		return nil, fmt.Errorf("state file: %w", err)
	}
	if err == nil && json.Unmarshal(b, &file) == nil && file.Schema == stateSchema && file.Of == of {
		for _, id := range file.Right {
			s.known[id] = true
		}
	}
	return s, s.save()
}

// id identifies what was read.
func (u *unit) id() string {
	h := sha256.Sum256(fmt.Appendf(nil, "%s %#v %#v", u.pin, u.place, u.listed))
	return hex.EncodeToString(h[:16])
}

// has reports whether the very objects were found right. Without an identity nobody can say so.
func (s *state) has(u *unit) bool {
	return u.image.ETag != "" && u.manifest.ETag != "" && s.known[u.id()]
}

func (s *state) add(u *unit) error {
	s.known[u.id()] = true
	if time.Since(s.saved) < saveEvery {
		return nil
	}
	return s.save()
}

// save replaces the file.
func (s *state) save() error {
	if s.path == "" {
		return nil
	}
	s.saved = time.Now()
	file := stored{Schema: stateSchema, Of: s.of, Right: []string{}}
	for id := range s.known {
		file.Right = append(file.Right, id)
	}
	b, err := json.Marshal(file)
	if err == nil {
		err = replace(s.path, b)
	}
	if err != nil {
		return fmt.Errorf("state file: %w; choose another place for it", err)
	}
	return nil
}

// replace writes a file so that it is the old one or the new one at any time.
func replace(path string, b []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// end forgets a pass that is complete.
func (s *state) end() error {
	if s.path == "" {
		return nil
	}
	return os.Remove(s.path)
}
