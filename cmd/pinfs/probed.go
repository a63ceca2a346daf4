package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/pinfs/pinfs/fetch"
)

const (
	probedSchema  = "pinfs.probe/v1"
	probedFor     = 7 * 24 * time.Hour // servers are upgraded, and seldom
	maxProbedSize = 64 << 10
)

// probed is what was found out of a store: what `pinfs probe --json` prints, and what is kept for those who
// publish. It has no secrets.
type probed struct {
	Schema       string             `json:"schema"`
	Store        string             `json:"store"`
	Endpoint     string             `json:"endpoint,omitempty"`
	Probed       time.Time          `json:"probed"`
	Versioning   string             `json:"versioning,omitempty"` // of the bucket: enabled, suspended, unknown
	Exclusive    bool               `json:"exclusive"`
	Capabilities fetch.Capabilities `json:"capabilities"`
}

// probedFile is where is kept what was found out of a store, of this user.
func probedFile(endpoint, store string) (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256([]byte(endpoint + "\n" + store))
	return filepath.Join(dir, "pinfs", "stores", fmt.Sprintf("%x.json", sum[:16])), nil
}

// known returns what was found out of store before, nil if that is too long ago, can not be read or is
// about a bucket that kept no versions then and does now: some servers honour less in such a one.
func known(ctx context.Context, store fetch.Store) *probed {
	name, err := probedFile(endpointOf(store), store.URL())
	if err != nil {
		return nil
	}
	p, err := readProbed(name)
	if err != nil || p.Store != store.URL() || p.Endpoint != endpointOf(store) || !p.fresh(time.Now()) {
		return nil
	}
	if p.Versioning != versioningOf(ctx, store) {
		return nil
	}
	return p
}

// fresh reports that p can be relied on at now.
func (p *probed) fresh(now time.Time) bool {
	age := now.Sub(p.Probed)
	return p.Schema == probedSchema && p.Capabilities.Settled() && age > -time.Minute && age < probedFor
}

// readProbed refuses files that somebody else may have written.
func readProbed(name string) (*probed, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer quietly(f)
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Mode().Perm()&0o022 != 0 {
		return nil, fmt.Errorf("%s: others may write to it", name)
	}
	b, err := io.ReadAll(io.LimitReader(f, maxProbedSize))
	if err != nil {
		return nil, err
	}
	p := new(probed)
	return p, json.Unmarshal(b, p)
}

// keep writes p where known finds it: all of it or nothing. If nothing is settled, nothing is known any
// more.
func (p *probed) keep() error {
	if p.Endpoint == "" { // a directory: nobody asks
		return nil
	}
	name, err := probedFile(p.Endpoint, p.Store)
	if err != nil {
		return err
	}
	if !p.Capabilities.Settled() {
		if err := os.Remove(name); !errors.Is(err, os.ErrNotExist) {
			return err
		}
		return nil
	}
	b, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(name), ".new-*") // of mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // gone when it has its name
	_, err = f.Write(append(b, '\n'))
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}
