# The commands of this repository. Each builds what it needs; all of them run from a clean checkout.

export CGO_ENABLED = 0
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LDFLAGS := -s -w -X main.version=$(VERSION)
TOOLS   := $(CURDIR)/bin/tools

.PHONY: build install demo test test-stores check incident torture torture-worker torture-publish memory bench bench-docs bench-packages bench-xz fuzz tools clean

build: ## one static binary, bin/pinfs
	go build -buildvcs=false -trimpath -ldflags '$(LDFLAGS)' -o bin/pinfs ./cmd/pinfs

install: build ## as root: pinfs, the helpers of mount(8) and the systemd template; DESTDIR for packages
	install -D -m 755 bin/pinfs $(DESTDIR)/usr/bin/pinfs
	install -d $(DESTDIR)/usr/sbin
	ln -sf ../bin/pinfs $(DESTDIR)/usr/sbin/mount.pinfs
	ln -sf ../bin/pinfs $(DESTDIR)/usr/sbin/mount.fuse.pinfs
	install -D -m 644 docs/deploy/systemd/pinfs@.service $(DESTDIR)/usr/lib/systemd/system/pinfs@.service

demo: build ## publish, mount, overwrite: what pinfs is for, on this machine, in a minute
	bin/pinfs demo

test: tools build ## everything, with the real kernel and a real S3 server; wants root
	CGO_ENABLED=1 go test -race -timeout 20m ./fetch/... ./fs/... ./squash/internal/...
	go test -timeout 20m -tags purego ./squash/internal/codec/xz
	GOARCH=386 go test -timeout 20m ./squash/internal/codec/xz ./squash/internal/blockcache
	CGO_ENABLED=1 go test -race -timeout 20m -run 'Concurrent|Share|Cancelled|Ahead|Streams|Metadata|Open' ./squash
	go test -timeout 20m . ./cmd/... ./squash
	PINFS_BIN=$(CURDIR)/bin/pinfs go test -timeout 20m ./integration/...

test-stores: tools build ## what depends on the S3 server, with MinIO and with Ceph's
	integration/tools/debian ceph-mon ceph-osd radosgw ceph-common
	go run ./integration/s3server/build minio
	$(MAKE) test-store-minio test-store-ceph

test-store-%:
	PINFS_TEST_STORE=$* go test -count 1 -timeout 20m -run '^Test(Contract|Conditions|VersionedOverwrite|Probe|ProbeInterrupted|ProbeSweeps|MissingBucket|ServerDown)$$' ./fetch/s3
	PINFS_TEST_STORE=$* PINFS_TORTURE_READS=2000 PINFS_BIN=$(CURDIR)/bin/pinfs \
		go test -count 1 -timeout 30m -v -run '^Test(Overwrite.*|ServerDownDuringReads|Torture|Trials.*|CreateOnlyPolicy|Retain|KilledPublisher|PublicationInAnOutage|ConcurrentPublishers|DamagedPublication)$$' ./integration

check: $(TOOLS)/staticcheck $(TOOLS)/govulncheck ## format, vet, staticcheck, known vulnerabilities, arrows
	@bad=$$(gofmt -l .); [ -z "$$bad" ] || { echo "gofmt -w these: $$bad"; exit 1; }
	go vet ./...
	GOARCH=386 go vet ./squash/... ./fetch/...
	$(TOOLS)/staticcheck ./...
	integration/tools/vulncheck $(TOOLS)/govulncheck
	go mod tidy -diff
	go test -run TestArrows .

incident: tools build ## what s3fs and pinfs serve on two workers whose image is overwritten, side by side
	PINFS_BIN=$(CURDIR)/bin/pinfs go test -count 1 -v -run '^TestIncident$$' ./integration

torture: tools build ## TORTURE (default 1000000) reads of an image that is replaced all the time; an hour
	PINFS_BIN=$(CURDIR)/bin/pinfs PINFS_TORTURE_READS=$(or $(TORTURE),1000000) go test -count 1 -v -timeout 0 -run '^TestTorture$$' ./integration

torture-publish: tools build ## publishers killed and disturbed at each request, ROUNDS (default 200) of up to 16 at once; all orders in which two publishers' requests can arrive, with a stall of both; MODELS (default 100000) random ones; two hours
	PINFS_BIN=$(CURDIR)/bin/pinfs PINFS_SWEEP=all PINFS_ROUNDS=$(or $(ROUNDS),200) go test -count 1 -v -timeout 0 \
		-run '^Test(KilledPublisher|KilledProbe|FaultyPublication|PublicationInAnOutage|ConcurrentPublishers)$$' ./integration
	PINFS_SCHEDULES=all go test -count 1 -v -timeout 0 -run '^TestSchedules$$' ./fetch/publish
	go test -count 1 -v -timeout 0 -run '^TestModel$$' ./fetch/publish -rapid.checks=$(or $(MODELS),100000)

memory: tools build ## what a mount takes while 68,000 files are walked and read ten times; two minutes
	PINFS_MEMORY_FILES=68000 PINFS_MEMORY_ROUNDS=10 PINFS_BIN=$(CURDIR)/bin/pinfs go test -count 1 -v -timeout 0 -run '^TestMemory$$' ./integration

torture-worker: ## KILLS (default 60) of the worker under 8 readers, one a second, in both ways of handing over
	PINFS_TORTURE_KILLS=$(or $(KILLS),60) go test -count 1 -v -timeout 0 -run '^TestKilledWorkers$$' ./fs

bench: build ## mounts beside their peers, in a quarter of an hour; installs nothing; BENCH has flags
	go build -trimpath -ldflags '-s -w' -o bin/pinfs-bench ./cmd/pinfs-bench
	bin/pinfs-bench $(BENCH)

bench-docs: ## the same, and rewrites its section of docs/benchmarks.md
	$(MAKE) bench BENCH='--docs docs/benchmarks.md $(BENCH)'

bench-packages: tools build ## figures of packages beside their peers, as ratios of the same run
	go test -run '^$$' -bench . -benchtime 3s ./fetch/... ./squash/...
	PINFS_BIN=$(CURDIR)/bin/pinfs go test -run '^$$' -bench . -benchtime 3x -timeout 60m ./integration

bench-xz: tools ## the xz decoder beside its peers, on blocks from this machine
	CGO_ENABLED=1 go -C integration/tools/xzbench build -o $(TOOLS)/xzbench .
	CGO_ENABLED=1 go -C integration/tools/xzbench build -tags purego -o $(TOOLS)/xzbench-purego .
	$(TOOLS)/xzbench -purego $(TOOLS)/xzbench-purego $(BENCHXZ)

fuzz: ## every fuzz target for FUZZTIME (default 1m) each
	integration/tools/fuzz $(or $(FUZZTIME),1m)

tools: ## what the tests need: Debian packages and the S3 server
	integration/tools/debian
	go run ./integration/s3server/build

$(TOOLS)/%: integration/tools/%/go.mod
	go -C integration/tools/$* build -mod=readonly -o $@ tool

clean:
	rm -rf bin
