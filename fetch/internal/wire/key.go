package wire

import (
	"fmt"
	iofs "io/fs"
	"strings"
)

// maxKeySize is the S3 protocol's limit in bytes; web servers take as much in a path.
const maxKeySize = 1024

// CheckKey refuses keys that a server, a proxy or a path might take for another one.
func CheckKey(key string) error {
	if !iofs.ValidPath(key) || key == "." || strings.Contains(key, "\x00") || strings.TrimSpace(key) == "" {
		return fmt.Errorf("key %q is no relative path of non-empty parts without \".\" and \"..\"", key)
	}
	if len(key) > maxKeySize {
		return fmt.Errorf("key %.40q... has %d bytes, at most %d are possible", key, len(key), maxKeySize)
	}
	return nil
}
