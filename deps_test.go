package pinfs_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/pinfs/pinfs/"

// arrows lists, for each package, what it may import of this module and which client libraries it
// is the home of. A package that is not listed fails: a new folder forces a decision.
var arrows = map[string]struct{ packages, libraries []string }{
	"squash":                             {[]string{"squash/internal/*"}, nil},
	"squash/internal/*":                  {[]string{"squash/internal/*"}, []string{"github.com/klauspost/compress", "github.com/pierrec/lz4/v4", "github.com/anchore/go-lzo"}},
	"squash/squashtest":                  {[]string{"squash"}, nil},
	"fetch":                              {nil, nil},
	"fetch/manifest":                     {[]string{"fetch"}, nil},
	"fetch/record":                       {[]string{"fetch"}, nil},
	"fetch/retry":                        {[]string{"fetch"}, []string{"github.com/cenkalti/backoff/v5"}},
	"fetch/s3":                           {[]string{"fetch", "fetch/internal/wire"}, []string{"github.com/minio/minio-go/v7"}},
	"fetch/http":                         {[]string{"fetch", "fetch/internal/wire"}, nil},
	"fetch/internal/wire":                {[]string{"fetch"}, nil},
	"fetch/file":                         {[]string{"fetch"}, nil},
	"fetch/verify":                       {[]string{"fetch", "fetch/manifest"}, nil},
	"fetch/mirror":                       {[]string{"fetch", "fetch/manifest", "fetch/retry", "fetch/verify"}, nil},
	"fetch/cache":                        {[]string{"fetch", "fetch/manifest", "fetch/verify"}, []string{"github.com/cespare/xxhash/v2"}},
	"fetch/prefetch":                     {[]string{"fetch"}, nil},
	"fetch/watch":                        {[]string{"fetch"}, nil},
	"fetch/catalog":                      {[]string{"fetch", "fetch/record"}, nil},
	"fetch/publish":                      {[]string{"fetch", "fetch/manifest", "fetch/record", "fetch/verify", "fetch/catalog"}, nil},
	"fetch/ims":                          {[]string{"fetch"}, nil},
	"fetch/scrub":                        {[]string{"fetch", "fetch/manifest", "fetch/record", "fetch/verify", "fetch/catalog", "fetch/retry"}, nil},
	"fetch/gc":                           {[]string{"fetch", "fetch/record"}, nil},
	"fetch/fetchtest":                    {[]string{"fetch"}, nil},
	"fs":                                 {[]string{"fetch", "squash", "fs/tree", "fs/status", "fs/inflight"}, []string{"github.com/hanwen/go-fuse/v2"}},
	"fs/tree":                            {[]string{"fetch", "squash"}, nil},
	"fs/holder":                          {[]string{"fetch", "fs/state", "fs/inflight"}, nil},
	"fs/inflight":                        {nil, nil},
	"fs/state":                           {nil, []string{"github.com/cespare/xxhash/v2"}},
	"fs/status":                          {[]string{"fetch", "fs/state"}, []string{"github.com/VictoriaMetrics/metrics"}},
	"cmd/internal/prose":                 {nil, nil},
	"cmd/pinfs":                          {[]string{"*"}, []string{"github.com/spf13", "github.com/vbauerster/mpb/v8", "go.yaml.in/yaml/v3", "github.com/coreos/go-systemd/v22"}},
	"cmd/pinfs/internal/demo":            {[]string{"cmd/pinfs/internal/sample", "fetch", "fetch/record", "fs/status"}, nil},
	"cmd/pinfs/internal/partition":       {[]string{"fetch"}, []string{"github.com/diskfs/go-diskfs"}},
	"cmd/pinfs/internal/sample":          {[]string{"cmd/internal/prose", "cmd/pinfs/internal/sample/mksquash"}, nil},
	"cmd/pinfs/internal/sample/mksquash": {nil, []string{"github.com/ulikunitz/xz"}},
	"cmd/pinfs-bench":                    {[]string{"cmd/pinfs-bench/internal/*", "integration/s3server"}, nil},
	"cmd/pinfs-bench/internal/chart":     {[]string{"cmd/pinfs-bench/internal/figure"}, []string{"gonum.org/v1/plot"}},
	"cmd/pinfs-bench/internal/figure":    {nil, nil},
	"cmd/pinfs-bench/internal/gateway":   {[]string{"cmd/pinfs-bench/internal/line", "cmd/pinfs-bench/internal/process"}, nil},
	"cmd/pinfs-bench/internal/line":      {nil, nil},
	"cmd/pinfs-bench/internal/peer":      {[]string{"cmd/pinfs-bench/internal/gateway", "cmd/pinfs-bench/internal/process", "fs", "fs/holder", "fs/inflight", "fs/status", "fs/tree", "squash"}, nil},
	"cmd/pinfs-bench/internal/plan":      {nil, nil},
	"cmd/pinfs-bench/internal/process":   {nil, nil},
	"cmd/pinfs-bench/internal/report":    {[]string{"cmd/pinfs-bench/internal/chart", "cmd/pinfs-bench/internal/figure", "cmd/pinfs-bench/internal/result"}, nil},
	"cmd/pinfs-bench/internal/result":    {[]string{"cmd/pinfs-bench/internal/figure"}, nil},
	"cmd/pinfs-bench/internal/tree":      {[]string{"cmd/internal/prose"}, nil},
	"cmd/pinfs-bench/internal/work":      {[]string{"cmd/pinfs-bench/internal/tree"}, nil},
	"integration":                        {[]string{"*"}, nil},
	"integration/s3server":               {nil, nil},
	"integration/s3server/build":         {[]string{"integration/s3server"}, nil},
}

// free lists the libraries that any package may use.
var free = []string{"golang.org/x/"}

// TestArrows holds the direction of imports: cmd -> fs -> (squash, fetch), and one home for each
// client library.
func TestArrows(t *testing.T) {
	seen := map[string]bool{}
	for _, pkg := range list(t) {
		name := strings.TrimPrefix(pkg.path, module)
		rule, key, ok := ruleOf(name)
		if !ok {
			t.Errorf("package %s is not in the table of arrows: decide what it may import", name)
			continue
		}
		seen[key] = true
		for _, dep := range pkg.imports {
			if !allowed(dep, rule.packages, rule.libraries) {
				t.Errorf("package %s must not import %s", name, dep)
			}
		}
	}
	for name := range arrows {
		if !seen[name] {
			t.Errorf("the table of arrows names %s, which is not there", name)
		}
	}
}

type listed struct {
	path    string
	imports []string // direct, without tests
}

func list(t *testing.T) []listed {
	t.Helper()
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var pkgs []listed
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line)
		if words[0]+"/" == module {
			continue // this file's own package has no code
		}
		pkgs = append(pkgs, listed{words[0], words[1:]})
	}
	return pkgs
}

// ruleOf finds the exact entry, else the nearest one that ends in /*.
func ruleOf(name string) (rule struct{ packages, libraries []string }, key string, ok bool) {
	if r, ok := arrows[name]; ok {
		return r, name, true
	}
	for dir := name; strings.Contains(dir, "/"); {
		dir = dir[:strings.LastIndex(dir, "/")]
		if r, ok := arrows[dir+"/*"]; ok {
			return r, dir + "/*", true
		}
	}
	return rule, "", false
}

func allowed(dep string, packages, libraries []string) bool {
	if name, ok := strings.CutPrefix(dep, module); ok {
		return slices.ContainsFunc(packages, func(p string) bool { return matches(name, p) })
	}
	if !strings.Contains(strings.Split(dep, "/")[0], ".") {
		return true // standard library
	}
	inside := func(lib string) bool { return strings.HasPrefix(dep+"/", strings.TrimSuffix(lib, "/")+"/") }
	return slices.ContainsFunc(slices.Concat(libraries, free), inside)
}

// matches reports whether pattern, which may end in *, covers name.
func matches(name, pattern string) bool {
	if prefix, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(name, prefix)
	}
	return name == pattern
}
