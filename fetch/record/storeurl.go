package record

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// The schemes of stores.
const (
	s3Scheme   = "s3://"
	fileScheme = "file://"
)

// forms ends the errors about a missing or wrong scheme.
const forms = "write s3://BUCKET/NAME or file:///DIR//NAME"

// parseStore splits a reference without its pin into store and name, or finds its Path.
func parseStore(s string) (Reference, error) {
	if rest, ok := strings.CutPrefix(s, s3Scheme); ok {
		return parseS3(rest)
	}
	if rest, ok := strings.CutPrefix(s, fileScheme); ok {
		return parseFile(rest)
	}
	if scheme, _, ok := strings.Cut(s, "://"); ok {
		return Reference{}, fmt.Errorf("a store can not be of scheme %s; %s", quote(scheme), forms)
	}
	if strings.HasPrefix(s, "/") {
		return Reference{}, fmt.Errorf("a directory needs its scheme; write %s", quote(fileScheme+s))
	}
	return Reference{}, fmt.Errorf("it names no store; %s", forms)
}

// bucketName is what S3 allows; a bucket in a path-style URL is not decoded, so nothing else is safe.
var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

// parseS3 reads BUCKET or BUCKET/NAME.
func parseS3(s string) (Reference, error) {
	bucket, name, hasName := strings.Cut(s, "/")
	if !bucketName.MatchString(bucket) || strings.Contains(bucket, "..") {
		return Reference{}, fmt.Errorf("bucket %s: want 3 to 63 lower-case letters, digits, dots and dashes; %s",
			quote(bucket), forms)
	}
	r := Reference{Store: s3Scheme + bucket}
	if !hasName {
		return r, nil
	}
	var err error
	r.Name, err = ParseName(name)
	return r, err
}

// parseFile reads /DIR//NAME, /DIR// or a path that is to be split later.
func parseFile(s string) (Reference, error) {
	dir, name, split := strings.Cut(s, "//")
	if err := checkDir(dir); err != nil {
		return Reference{}, err
	}
	switch {
	case !split && strings.Contains(s[strings.LastIndexByte(s, '/'):], "@"):
		return Reference{}, fmt.Errorf(`"@" in a last part can not be told from a pin; write %s and then the name`, quote(fileScheme+s+"//"))
	case !split:
		return Reference{Path: dir}, nil
	case name == "":
		return Reference{Store: fileScheme + dir}, nil
	}
	parsed, err := ParseName(name)
	return Reference{Store: fileScheme + dir, Name: parsed}, err
}

// checkDir wants the absolute, clean path of a directory other than the root.
func checkDir(dir string) error {
	if !strings.HasPrefix(dir, "/") {
		return fmt.Errorf("a file URL has no host but the absolute path of a directory below /; write file:///DIR//NAME")
	}
	if err := checkPrintable(dir); err != nil {
		return fmt.Errorf("directory %s: %w", quote(dir), err)
	}
	for _, bad := range []string{"", ".", ".."} {
		if slices.Contains(strings.Split(dir[1:], "/"), bad) {
			return fmt.Errorf(`directory %s: it has an empty part, "." or ".."; write its absolute path without them`, quote(dir))
		}
	}
	return nil
}
