package sample

import (
	"fmt"

	"github.com/pinfs/pinfs/cmd/internal/prose"
	"github.com/pinfs/pinfs/cmd/pinfs/internal/sample/mksquash"
)

// extent says how much of everything a tree has.
type extent struct {
	packages int   // directories of headers and sources
	modules  int   // small files of one large directory
	objects  int   // medium files, 100 to 300 KiB of text
	large    []int // KiB of text of each large file
	noise    []int // KiB of each file that does not compress
}

var (
	wholeTree = extent{packages: 40, modules: 600, objects: 60, large: []int{6 << 10, 3 << 10}, noise: []int{8 << 10, 1}}
	halfTree  = extent{packages: 20, modules: 300, objects: 10, large: []int{1 << 10}, noise: []int{8 << 10, 1}}
)

// plant makes the tree that seed stands for: like a compiler's installation in its shape.
func plant(seed byte, e extent) *mksquash.Node {
	w := prose.NewWriter(seed)
	root := dir()
	put(root, "README", file(w.Text(3000)))
	for i := range e.packages {
		plantPackage(w, root, fmt.Sprintf("opt/pe/include/pkg%02d", i))
	}
	for i := range e.modules {
		put(root, fmt.Sprintf("opt/pe/modules/mod-%04d.lua", i), file(w.Text(w.IntN(60))))
	}
	for i := range e.objects {
		n := file(w.Text(100<<10 + w.IntN(200<<10)))
		n.Mode |= 0o111
		put(root, fmt.Sprintf("opt/pe/bin/tool%02d", i), n)
	}
	for i, kib := range e.large {
		put(root, fmt.Sprintf("opt/pe/lib/libtext%d.so.1.0", i), file(w.Text(kib<<10)))
		put(root, fmt.Sprintf("opt/pe/lib/libtext%d.so", i), link(fmt.Sprintf("libtext%d.so.1.0", i)))
	}
	for i, kib := range e.noise {
		put(root, fmt.Sprintf("opt/pe/lib/noise%d.bin", i), file(w.Noise(kib<<10)))
	}
	plantCorners(w, root)
	return root
}

// plantPackage adds some fifty source files, with links beside and among them.
func plantPackage(w *prose.Writer, root *mksquash.Node, path string) {
	for i := range 50 {
		put(root, fmt.Sprintf("%s/src%02d.h", path, i), file(w.Text(200+w.IntN(6000))))
	}
	for i := range 3 {
		put(root, fmt.Sprintf("%s/detail/impl%d/inner%d.inc", path, i, i), file(w.Text(w.IntN(2000))))
	}
	shared := file(w.Text(500))
	put(root, path+"/LICENSE", shared)
	put(root, path+"/detail/LICENSE", shared)
	put(root, path+"/current.h", link("src00.h"))
	put(root, path+"/up", link("../../include"))
}

// plantCorners adds what readers get wrong: nothing at all, holes, exact block sizes, odd names.
func plantCorners(w *prose.Writer, root *mksquash.Node) {
	const block = 128 << 10
	holes := make([]byte, 4*block+100)
	copy(holes[2*block:], w.Text(1000))
	text := w.Text(block + 1)
	for name, n := range map[string]*mksquash.Node{
		"empty":                   file(nil),
		"empty-dir":               dir(),
		"one-byte":                file([]byte{'x'}),
		"one-block":               file(text[:block]),
		"one-block-and-one-byte":  file(text),
		"one-block-less-one-byte": file(text[:block-1]),
		"with-holes":              file(holes),
		"only-a-hole":             file(make([]byte, 3*block)),
		"name with spaces":        file([]byte("spaces\n")),
		"größe-日本":                file([]byte("unicode\n")),
		"dangling":                link("nowhere/to/be/found"),
		"absolute":                link("/opt/pe/README"),
		"a/b/c/d/e/f/g/h/i/deep":  file([]byte("deep\n")),
	} {
		put(root, "corners/"+name, n)
	}
}
