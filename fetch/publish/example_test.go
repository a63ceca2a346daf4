package publish_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/pinfs/pinfs/fetch"
	"github.com/pinfs/pinfs/fetch/file"
	"github.com/pinfs/pinfs/fetch/publish"
)

// A build publishes what it has made. Doing so again changes nothing, and other bytes do not get the name.
func Example() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	store, err := file.New(dir)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, content := range []string{"one", "one", "two"} {
		image := filepath.Join(dir, "image")
		if err := os.WriteFile(image, []byte(content), 0o644); err != nil {
			fmt.Println(err)
			return
		}
		result, err := publish.Publish(context.Background(), store, publish.Request{
			File: image, Name: "PE/asset", Publisher: "ci@build7",
			Exclusive: true, // a directory is
		})
		switch {
		case errors.Is(err, fetch.ErrConflict):
			fmt.Println("the name stands for something else")
		case err != nil:
			fmt.Println(err)
		default:
			fmt.Println(result.Record.Revision, result.Added, result.Record.Pin)
		}
	}
	// Output:
	// 1 true fsverity-sha256:d0817477483325d36266bdfc5abbb34d2be2dd649e870f980eae29685c59ec8e
	// 1 false fsverity-sha256:d0817477483325d36266bdfc5abbb34d2be2dd649e870f980eae29685c59ec8e
	// the name stands for something else
}
