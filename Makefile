# Burnish. `make` lists the targets; each sets up what it needs by itself.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
# Position-independent, with nothing left to relocate once it runs: decoders of foreign files are in it.
LDFLAGS  = -s -w -X github.com/burnish-photo/burnish/cmd.version=$(VERSION) -extldflags "-Wl,-z,relro,-z,now"
# Pure Go and full of goroutines: these run under the race detector too.
RACE = ./config/... ./ops/graph/... ./ops/network/tile/... ./plugin/history/... ./watcher/...
# What a fresh Debian has is used; no other toolchain is fetched.
export GOTOOLCHAIN ?= local
# Debian's OpenBLAS and the Go tests share the cores.
export OMP_WAIT_POLICY ?= PASSIVE

.PHONY: help setup demo test test-go test-race test-python test-examples test-package build check bench wild eval gate chaos faults clock soak hostile flood fuzz deb clean setup-%

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## install what building and testing need (the other targets do it themselves)
	@packaging/setup.sh build test

demo: build ## restore six damaged photos and print where they lie and what was won
	@packaging/demo.sh

test: setup ## every test: Go, Go under the race detector, Python, the configurations that ship
	@$(MAKE) --keep-going build test-go test-race test-python test-examples test-package

test-go:
	go test ./...

test-race:
	go test -race $(RACE)

test-python:
	.venv/bin/python -m pytest -q model

test-examples: build
	@packaging/test-examples.sh

test-package: build
	@packaging/test-package.sh

build: setup-build ## bin/burnish, with ONNX Runtime in bin/lib beside it
	@go build -trimpath -buildmode=pie -ldflags '$(LDFLAGS)' -o bin/burnish ./cmd/burnish

check: setup-build setup-lint ## vet, lint with the layer rules, formatting, shell scripts
	@test -z "$$(gofmt -l .)" || { echo 'not formatted (run gofmt -w):'; gofmt -l .; exit 1; }
	@go vet ./...
	@.cache/tools/golangci-lint run ./...
	@shellcheck .ci/run packaging/*.sh packaging/trials/*.sh packaging/deb/*.sh

BENCH ?= .
BENCHTIME ?= 1x
bench: build setup-test ## Burnish against PyTorch eager, and Go benchmarks; BENCH=PATTERN, BENCHTIME=5s for steadier figures
	@bin/burnish bench
	@.venv/bin/python -m model.bench
	@go test -run '^$$' -bench '$(BENCH)' -benchtime '$(BENCHTIME)' -benchmem -timeout 1h ./...

wild: setup ## the table of the real photos in ../shared/data/wild through every format: metadata and colours
	@BURNISH_TABLE=1 go test ./plugin -run WildPhotos -v -count 1 -timeout 1h

small = packaging/demo/originals
DATA ?= $(small)
eval: build setup-test ## the table of the model's quality; DATA=FOLDER of clean images
	@.venv/bin/python -m model.evaluate --data '$(DATA)'
	@[ '$(DATA)' != '$(small)' ] || echo 'The demo'"'"'s six photos; the model was trained on them. DATA=FOLDER measures with images of your own.'

CAMERAS ?=
gate: build setup-test ## how well undamaged photos are told; DATA=FOLDER of clean images, CAMERAS=FOLDER of JPEGs as cameras wrote them
	@.venv/bin/python -m model.gate --fit --data '$(if $(filter $(small),$(DATA)),$(firstword $(wildcard ../shared/data/valid) $(small)),$(DATA))' $(if $(CAMERAS),--cameras '$(CAMERAS)')

KILLS ?= 200
DROPS ?= 500
chaos: build ## kill a daemon again and again while photos arrive, then check everything; KILLS=200 DROPS=500
	@go run ./packaging/trials/chaos -burnish bin/burnish -kills $(KILLS) -drops $(DROPS)

faults: build ## a full disk, a read-only one, missing rights, a folder that goes: figures for each; wants root
	@packaging/trials/faults.sh

clock: build ## the clock set back and ahead under a daemon, in a virtual machine: figures for each
	@packaging/trials/clock.sh

PHOTOS ?= 10000
soak: build ## many small photos through one daemon: memory and open files; PHOTOS=10000
	@packaging/trials/soak.sh $(PHOTOS)

FUZZTIME ?= 1m
fuzz: setup-test ## Go fuzzing of every parser, one after the other; FUZZTIME=1m each
	@grep -rn --include='*_test.go' -o '^func Fuzz[A-Za-z]*' . | sed 's,/[^/]*:func , ,' | sort | while read -r folder name; do \
		echo "$$folder $$name"; \
		go test -run '^$$' -fuzz "^$$name\$$" -fuzztime '$(FUZZTIME)' "$$folder" || exit 1; \
	done

ROUNDS ?= 20
hostile: build ## malformed files of ../shared/data/hostile: a round with the model, ROUNDS=20 under the race detector
	@packaging/trials/hostile.sh $(ROUNDS)

FLOOD ?= 20000 100000
flood: build ## 20,000 photos at once, 100,000 files already there: what is missed, memory, latency, start-up; FLOOD='PHOTOS FILES'
	@packaging/trials/flood.sh $(FLOOD)

deb: build ## dist/burnish_VERSION_ARCH.deb
	@packaging/deb.sh '$(VERSION)'

clean: ## remove what was built; downloads stay in .cache
	@rm -rf bin/burnish dist demo

setup-%:
	@packaging/setup.sh $*
