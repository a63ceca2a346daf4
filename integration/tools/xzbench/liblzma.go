package main

// #cgo LDFLAGS: -llzma
// #include <lzma.h>
// static lzma_ret decode(const uint8_t *in, size_t in_size, uint8_t *out, size_t *out_pos, size_t out_size) {
//	uint64_t memory = UINT64_MAX;
//	size_t in_pos = 0;
//	return lzma_stream_buffer_decode(&memory, 0, NULL, in, &in_pos, in_size, out, out_pos, out_size);
// }
import "C"

import "fmt"

// liblzma decodes with one call of the C library that works on the caller's memory.
func liblzma(dst, src []byte) error {
	var n C.size_t
	ret := C.decode((*C.uint8_t)(&src[0]), C.size_t(len(src)), (*C.uint8_t)(&dst[0]), &n, C.size_t(len(dst)))
	if ret != C.LZMA_OK {
		return fmt.Errorf("lzma_ret %d", ret)
	}
	return whole(int(n), nil)
}

func liblzmaVersion() string { return C.GoString(C.lzma_version_string()) }

// damaged reports whether src is no stream for the C library either.
func damaged(src []byte) bool {
	var n C.size_t
	dst := make([]byte, 2*blockSize)
	return C.decode((*C.uint8_t)(&src[0]), C.size_t(len(src)), (*C.uint8_t)(&dst[0]), &n, C.size_t(len(dst))) != C.LZMA_OK
}
