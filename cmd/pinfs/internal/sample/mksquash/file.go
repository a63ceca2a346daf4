package mksquash

import "bytes"

// tail is a file's last bytes, which share a fragment block with others.
type tail struct {
	fragment int // index of the fragment block
	off      int // in it, before compression
}

// packer cuts files into blocks and packs their tails.
type packer struct {
	data      []*block // in the order of the files
	fragments []*block
}

// add takes all regular files below dir, in the order of their names; each once.
func (p *packer) add(dir *Node) {
	for _, name := range dir.names() {
		n := dir.Children[name]
		switch {
		case n.Mode.IsDir():
			p.add(n)
		case n.Mode.IsRegular() && n.blocks == nil && n.tail == nil:
			p.cut(n)
		}
	}
}

// cut makes the blocks of one file. A block of zeros is a hole and takes no space.
func (p *packer) cut(n *Node) {
	data := n.Data
	for ; len(data) >= blockSize; data = data[blockSize:] {
		b := &block{}
		if len(bytes.TrimLeft(data[:blockSize], "\x00")) > 0 {
			b.raw = data[:blockSize]
			p.data = append(p.data, b)
		}
		n.blocks = append(n.blocks, b)
	}
	if len(data) > 0 {
		n.tail = p.pack(data)
	}
}

// pack appends a tail to the last fragment block, or to a new one when it is full.
func (p *packer) pack(data []byte) *tail {
	last := len(p.fragments) - 1
	if last < 0 || len(p.fragments[last].raw)+len(data) > blockSize {
		p.fragments = append(p.fragments, &block{})
		last++
	}
	b := p.fragments[last]
	t := &tail{last, len(b.raw)}
	b.raw = append(b.raw, data...)
	return t
}
