// Command build compiles the S3 server of the tests ahead of them and prints its path.
package main

import (
	"fmt"
	"os"

	"github.com/pinfs/pinfs/integration/s3server"
)

func main() {
	path, err := s3server.Build()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(path)
}
