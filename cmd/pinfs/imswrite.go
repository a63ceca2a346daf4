package main

import (
	"cmp"
	"errors"
	"fmt"
	iofs "io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/ims"
	"github.com/pinfs/pinfs/fetch/publish"
	"github.com/pinfs/pinfs/fetch/record"
	"github.com/spf13/cobra"
)

// imsFlags are those of a publication that leaves an IMS manifest behind.
func (f *publishFlags) imsFlags(c *cobra.Command) {
	c.Flags().StringVar(&f.key, "key", "", "place the image at this `KEY`, too, for other tools; nothing is overwritten there")
	c.Flags().StringVar(&f.ims, "ims-manifest", "", "write an IMS manifest.json of the image at --key to this new `FILE`")
}

// checkIMS finds before anything is uploaded why no manifest could be written.
func (f publishFlags) checkIMS(store fetch.Store) error {
	if f.ims == "" {
		return nil
	}
	if f.key == "" || !strings.HasPrefix(store.URL(), "s3://") {
		return usage("--ims-manifest wants --key and an S3 store: it names an object in S3")
	}
	if info, err := os.Stat(filepath.Dir(f.ims)); err != nil || !info.IsDir() {
		return fmt.Errorf("%w: no directory %s for the IMS manifest", fetch.ErrNotFound, filepath.Dir(f.ims))
	}
	if _, err := os.Lstat(f.ims); err == nil {
		return imsTaken(f.ims)
	}
	return nil
}

func imsTaken(name string) error {
	return fmt.Errorf("%w: %s is there already: name another file for the IMS manifest, or remove it", fetch.ErrConflict, name)
}

// writeIMS writes the manifest of what was published at the key.
func (f publishFlags) writeIMS(store fetch.Store, r *record.Record) error {
	if f.ims == "" {
		return nil
	}
	url := store.URL() + "/" + f.key
	i := slices.IndexFunc(r.Locations, func(at fetch.Location) bool { return at.URL == url })
	if i < 0 {
		return fmt.Errorf("the record of %s does not name %s: publish again", r.Name, url) // it was written by somebody else just now
	}
	media := cmp.Or(f.mediaType, r.MediaType)
	if media == publish.SquashfsMedia {
		media = ims.RootFS
	}
	b, err := ims.Format(ims.Artifact{URL: url, ETag: r.Locations[i].ETag, MD5: r.MD5, Type: media}, r.Created)
	if err != nil {
		return err
	}
	return createFile(f.ims, b)
}

// createFile makes a new file, visible as a whole or not at all.
func createFile(name string, b []byte) error {
	temp, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name())
	_, err = temp.Write(b)
	if err == nil {
		err = temp.Chmod(0o644)
	}
	if err == nil {
		err = temp.Sync()
	}
	if err = errors.Join(err, temp.Close()); err != nil {
		return err
	}
	if err := os.Link(temp.Name(), name); !errors.Is(err, iofs.ErrExist) {
		return err
	}
	return imsTaken(name)
}
