// Command pinfs publishes, verifies and mounts pinned images.
package main

import (
	"context"
	"os"
)

func main() {
	if len(os.Args) == 2 && os.Args[1] == holderName {
		os.Exit(hold()) // which is to stay small: no command line, no configuration
	}
	os.Exit(run(context.Background(), os.Args, os.Stdout, os.Stderr))
}
