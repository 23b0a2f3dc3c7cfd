# Burnish. `make` lists the targets; each installs what it needs.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
# Position-independent, with nothing left to relocate once it runs: decoders of foreign files are in it.
LDFLAGS  = -s -w -X github.com/burnish-photo/burnish/cmd.version=$(VERSION) -extldflags "-Wl,-z,relro,-z,now"
# Pure Go with many goroutines: these also run under the race detector.
RACE = ./cmd/logging ./cmd/notify ./cmd/scrub ./cmd/series ./cmd/serve/... ./cmd/webhook ./cmd/worker/crash ./config/... \
	./ops/graph/... ./ops/network/tile/... ./plugin/history/... ./plugin/schedule ./watcher/...
# Use the installed toolchain; download no other.
export GOTOOLCHAIN ?= local
# Debian's OpenBLAS and the Go tests share the cores.
export OMP_WAIT_POLICY ?= PASSIVE

.PHONY: help setup demo test test-go test-race test-python test-examples test-package build page-shots check api bench wild eval gate chaos faces cluster library change imaginary faults clock soak hostile flood networks fuzz deb rpm deb-arm64 package-test image clean setup-%

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## install what building and testing need (other targets do this, too)
	@packaging/setup.sh build test page

demo: build ## restore six photos, print output paths and PSNR gain
	@packaging/demo.sh

test: setup ## all tests: Go, Go with the race detector, Python, shipped configurations
	@$(MAKE) --keep-going build test-go test-race test-python test-examples test-package

# On two busy cores the scripts alone take longer than go test's ten minutes.
test-go:
	go test -timeout 40m ./...

test-race:
	go test -timeout 40m -race $(RACE)

test-python:
	.venv/bin/python -m pytest -q model

test-examples: build
	@packaging/test-examples.sh

test-package: build
	@packaging/test-package.sh

SHOTS ?= dist/page
page-shots: setup-build setup-page ## screenshots of the page, light and dark, phone and desktop; SHOTS=dist/page
	@mkdir -p '$(SHOTS)'
	@BURNISH_SHOTS='$(abspath $(SHOTS))' go test -count 1 ./cmd/page/pagetest
	@ls '$(SHOTS)'

build: setup-build ## bin/burnish, with ONNX Runtime in bin/lib beside it
	@go build -trimpath -buildmode=pie -ldflags '$(LDFLAGS)' -o bin/burnish ./cmd/burnish

check: setup-build setup-lint ## vet, lint including the layer rules, formatting, the library's API, shell scripts
	@test -z "$$(gofmt -l .)" || { echo 'not formatted (run gofmt -w):'; gofmt -l .; exit 1; }
	@go vet ./...
	@.cache/tools/golangci-lint run ./...
	@go run ./packaging/compat
	@shellcheck .ci/run packaging/*.sh packaging/proof/*.sh packaging/trials/*.sh packaging/deb/*.sh packaging/rpm/*.sh packaging/container/*.sh

api: setup-build ## add what is new in the library's API to plugin/api.txt
	@go run ./packaging/compat -record

BENCH ?= .
BENCHTIME ?= 1x
bench: build setup-test ## Burnish against PyTorch, and Go benchmarks; BENCH=PATTERN BENCHTIME=5s
	@bin/burnish bench
	@.venv/bin/python -m model.bench
	@go test -run '^$$' -bench '$(BENCH)' -benchtime '$(BENCHTIME)' -benchmem -timeout 1h ./...

wild: setup ## metadata and colours of the photos in ../shared/data/wild in every format
	@BURNISH_TABLE=1 go test ./plugin -run WildPhotos -v -count 1 -timeout 1h

small = packaging/demo/originals
DATA ?= $(small)
eval: build setup-test ## quality of the model; DATA=FOLDER of clean images
	@.venv/bin/python -m model.evaluate --data '$(DATA)'
	@[ '$(DATA)' != '$(small)' ] || echo 'These are the six photos of the demo; the model was trained on them. Use DATA=FOLDER for other images.'

CAMERAS ?=
gate: build setup-test ## how well undamaged photos are recognised; DATA=FOLDER of clean images, CAMERAS=FOLDER of camera JPEGs
	@.venv/bin/python -m model.gate --fit --data '$(if $(filter $(small),$(DATA)),$(firstword $(wildcard ../shared/data/valid) $(small)),$(DATA))' $(if $(CAMERAS),--cameras '$(CAMERAS)')

KILLS ?= 200
DROPS ?= 500
chaos: build ## kill a daemon repeatedly while photos arrive, then check every file; KILLS=200 DROPS=500
	@go run ./packaging/trials/chaos -burnish bin/burnish -kills $(KILLS) -drops $(DROPS)
	@go run ./packaging/trials/chaos -burnish bin/burnish -kills $(KILLS) -drops $(DROPS) -review

REQUESTS ?= 200
faces: build setup-test ## photos sent by every protocol: load, kills, webhooks, KServe, Immich, forged addresses, fuzzing; REQUESTS=200
	@go run ./packaging/trials/faces -burnish bin/burnish -requests $(REQUESTS)
	@grep -rn --include='*_test.go' -o '^func Fuzz[A-Za-z]*' cmd/faces | sed 's,/[^/]*:func , ,' | while read -r folder name; do \
		go test -run '^$$' -fuzz "^$$name\$$" -fuzztime 20s "./$$folder" || exit 1; \
	done

CHANGE ?= 300
change: build ## what a changed pipeline costs, against the first run; CHANGE=300
	@packaging/trials/change.sh $(CHANGE)

LIBRARY ?= 200000
library: build ## a library from its scan to its undo: time, memory, every file; LIBRARY=200000
	@go run ./packaging/trials/library -burnish bin/burnish -photos $(LIBRARY)

CLUSTER ?= 600
cluster: build ## two owners, four workers and three NATS servers, and what goes wrong; needs root; CLUSTER=600
	@go build -o bin/nats-server github.com/nats-io/nats-server/v2
	@go build -trimpath -o bin/burnish-nap ./packaging/trials/cluster/nap
	@go run ./packaging/trials/cluster -burnish "$(CURDIR)/bin/burnish-nap" -server "$(CURDIR)/bin/nats-server" -photos $(CLUSTER)

IMAGINARY ?=
imaginary: build ## previews, and against h2non/imaginary where IMAGINARY=FOLDER holds its source
	@go run ./packaging/trials/imaginary -burnish bin/burnish -source "$(IMAGINARY)"

faults: build ## full disk, read-only disk, missing rights, missing folder, I/O errors; needs root
	@packaging/trials/faults.sh

clock: build ## turn the clock back and ahead under a daemon, in a virtual machine
	@packaging/trials/clock.sh

PHOTOS ?= 10000
soak: build ## memory and open files over many small photos; PHOTOS=10000
	@packaging/trials/soak.sh $(PHOTOS)

FUZZTIME ?= 1m
networks: setup-test ## write the small networks of other authors, which tests of the operator network run, anew
	@.venv/bin/python -m model.others.export --out ops/network/step/testdata
	@.venv/bin/python ops/network/step/testdata/make_hostile.py

fuzz: setup-test ## Go fuzzing of every parser; FUZZTIME=1m each
	@grep -rn --include='*_test.go' -o '^func Fuzz[A-Za-z]*' . | sed 's,/[^/]*:func , ,' | sort | while read -r folder name; do \
		echo "$$folder $$name"; \
		go test -run '^$$' -fuzz "^$$name\$$" -fuzztime '$(FUZZTIME)' "$$folder" || exit 1; \
	done

ROUNDS ?= 20
hostile: build ## malformed files of ../shared/data/hostile, once with the model, ROUNDS=20 with the race detector
	@packaging/trials/hostile.sh $(ROUNDS)

FLOOD ?= 20000 100000
flood: build ## many photos at once, many existing files: losses, memory, latency; FLOOD='PHOTOS FILES'
	@packaging/trials/flood.sh $(FLOOD)

deb: build ## dist/burnish_VERSION_ARCH.deb, with manual pages
	@packaging/package.sh '$(VERSION)'

rpm: build ## dist/burnish-VERSION.ARCH.rpm, from the same description
	@FORMAT=rpm packaging/package.sh '$(VERSION)'

deb-arm64: build ## the .deb and the .rpm for arm64, built in a Debian of its own; needs root
	@packaging/cross.sh '$(VERSION)'

package-test: build setup-systemd setup-package ## the .deb in fresh Debian 12 and 13 with systemd, and what lintian and rpm say; needs root, ten minutes
	@packaging/package-test.sh '$(VERSION)'

image: build ## the container image burnish:latest, with buildah; packaging/test-container.sh starts it
	@packaging/container.sh

clean: ## remove build results; downloads stay in .cache
	@rm -rf bin/burnish dist demo

setup-%:
	@packaging/setup.sh $*
