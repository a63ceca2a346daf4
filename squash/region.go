package squash

// region is a part of the image in which chains of metadata blocks lie.
type region struct {
	what       string // names in errors what is being read
	start, end int64  // the blocks begin from start up to, not including, end
}

// at returns the place that ref, counted from the start of the region, means. A place that can not
// be comes out as one that cursorAt refuses.
func (r region) at(ref uint64) place {
	if ref>>48 != 0 {
		return place{block: -1}
	}
	return place{r.start + int64(ref>>16), int(ref & 0xffff)}
}

// inodes is where the inodes are, and what belongs to one: block lists, targets of links, indexes of
// directories.
func (m *Image) inodes(what string) region {
	return region{what, int64(m.sb.inodeTable), int64(m.sb.dirTable)}
}

// listings is where the listings of directories are; what follows them is up to the image.
func (m *Image) listings() region {
	return region{"directory", int64(m.sb.dirTable), m.sb.BytesUsed}
}

// attributes is where the keys and values of extended attributes are.
func (m *Image) attributes(what string) region {
	return region{what, int64(m.xattrs.start), int64(m.sb.xattrTable)}
}
