package squash

// extent is a part of the image that a table takes.
type extent struct {
	name     string
	start    uint64 // what the superblock says, in bytes of the image
	ahead    uint64 // bytes that the table has ahead of start at least
	size     uint64 // bytes that it has from start on at least
	optional bool   // start may be noTable
}

// extents returns the tables in the order that they must have.
func (s *Superblock) extents() []extent {
	return []extent{
		{"inode table", s.inodeTable, 0, minMetaBlock, false},
		{"directory table", s.dirTable, 0, 0, false}, // nothing where all directories are empty
		listExtent("fragment table", s.fragmentTable, uint64(s.Fragments)*fragmentSize, s.Fragments == 0),
		listExtent("export table", s.exportTable, uint64(s.Inodes)*exportSize, true),
		listExtent("id table", s.idTable, uint64(s.IDs)*idSize, false),
		{"xattr table", s.xattrTable, 2 * minMetaBlock, xattrHeadSize + pointerSize, true},
	}
}

// minMetaBlock is what a metadata block takes at least, in bytes.
const minMetaBlock = metaHeaderSize + 1

// listExtent is that of a table of n bytes, to which the superblock points by a list of pointers
// behind its metadata blocks.
func listExtent(name string, start, n uint64, optional bool) extent {
	blocks := (n + metaSize - 1) / metaSize
	return extent{name, start, blocks * minMetaBlock, blocks * pointerSize, optional}
}

// checkTables makes sure that the tables lie inside the file system and one behind the other, as the
// kernel demands.
func (s *Superblock) checkTables() error {
	end := uint64(superblockSize) // of what comes before
	for _, r := range s.extents() {
		if r.optional && r.start == noTable {
			continue
		}
		if r.start < end+r.ahead || r.start >= uint64(s.BytesUsed) || r.size > uint64(s.BytesUsed)-r.start {
			return malformed(0, "superblock", "%s at byte %d, of %d bytes ahead and %d from there at least: there is room from %d to %d",
				r.name, r.start, r.ahead, r.size, end, s.BytesUsed)
		}
		end = r.start + r.size
	}
	return nil
}
