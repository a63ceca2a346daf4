package squash

// Statfs is what statfs(2) shows of an image that the kernel mounts. Nothing of it is free.
type Statfs struct {
	BlockSize uint32 // bytes of f_bsize and f_frsize: the image's block size
	Blocks    uint64 // f_blocks: what the file system takes in the image, in units of BlockSize
	Files     uint64 // f_files: number of inodes
	NameLen   uint32 // f_namelen: bytes that a name can have
}

// Statfs returns the totals of the image, without any read.
func (m *Image) Statfs() Statfs {
	size := int64(m.sb.BlockSize)
	return Statfs{
		BlockSize: m.sb.BlockSize,
		Blocks:    uint64((m.sb.BytesUsed + size - 1) / size),
		Files:     uint64(m.sb.Inodes),
		NameLen:   maxNameSize,
	}
}
