// The path lies below squash, so that the decoder, which is internal to it, can be imported; the
// module lies here, so that neither cgo nor a peer is in the module of the product.
module github.com/pinfs/pinfs/squash/xzbench

go 1.26.0

require (
	github.com/pinfs/pinfs v0.0.0
	github.com/ulikunitz/xz v0.5.17
	github.com/xi2/xz v0.0.0-20171230120015-48954b6210f8
	golang.org/x/sys v0.48.0
)

replace github.com/pinfs/pinfs => ../../..
