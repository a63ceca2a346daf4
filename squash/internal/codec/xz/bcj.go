package xz

// branches are the BCJ filters by their numbers. None is known yet.
var branches = map[uint64]struct {
	undo  func(p []byte, at uint32)
	align uint32 // of code, in bytes
}{}
