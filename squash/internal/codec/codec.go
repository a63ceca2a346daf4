// Package codec holds what the block decoders share: what one is, and when it refuses.
//
// The decoders themselves are the packages below this one, one for each algorithm.
package codec

import "errors"

// Decoder undoes one compression algorithm.
//
// Decode expands the whole of src into dst and returns how many bytes that gave. It never writes
// past dst: a stream that holds more is an error that matches ErrTooLong. It may be called
// concurrently, retains neither slice and leaves dst in an unspecified state when it fails.
type Decoder interface {
	Decode(dst, src []byte) (n int, err error)
}

// ErrTooLong: the stream decodes to more bytes than the block may have.
var ErrTooLong = errors.New("decodes to more bytes than a block may have")
