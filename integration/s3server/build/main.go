// Command build compiles S3 servers of the tests ahead of them and prints their paths. Its arguments are
// their names; default versitygw.
package main

import (
	"fmt"
	"os"

	"github.com/pinfs/pinfs/integration/s3server"
)

func main() {
	names := os.Args[1:]
	if len(names) == 0 {
		names = []string{string(s3server.Versitygw)}
	}
	for _, name := range names {
		path, err := s3server.Build(s3server.Kind(name))
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		fmt.Println(path)
	}
}
