# octail's commands for people and CI. `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
GO      ?= go
export CGO_ENABLED ?= 0

help: ## this list
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## the static binary ./octail
	$(GO) build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o octail ./cmd/octail

demo: mariadb build ## see it work: a throwaway shop, the agent, every event (DURATION=20s, OPENCART=3.0)
	./octail demo $(if $(DURATION),--duration $(DURATION)) $(if $(OPENCART),--opencart $(OPENCART))

test: servers ## everything but the slow suites, race detector on
	CGO_ENABLED=1 $(GO) test -race -timeout 14m ./...
	@test -d "$${OCTAIL_SHARED:-../shared}/recordings" || printf '%s\n' '' \
	  '*** LEFT OUT: the recorded shops (OpenCart 2.3, 3.0.5, 4.1) and the contract examples were not compared,' \
	  '*** because there is no folder ../shared/recordings beside the repository (or in $$OCTAIL_SHARED). All other tests ran.'

kill: servers ## kill -9 the agent 200 times on a MyISAM and on an InnoDB shop (KILLS=200)
	$(GO) test ./internal/app -count=1 -timeout 60m -v -run '^TestKill$$' -kills $(or $(KILLS),200)

stale: servers ## 60 orders a second read at once beside three busy loops, MariaDB and MySQL, InnoDB and MyISAM (FOR=60s)
	$(GO) test ./internal/app -count=1 -timeout 60m -v -run '^TestNoStaleDocument$$' -stale $(or $(FOR),60s)

holes: servers ## every way in which a binlog can lie, break or end: found, said, closed by comparing (F22-F29)
	$(GO) test ./internal/app -count=1 -timeout 60m -v -run '^Test(Faults|FailOver|ShopGoesAway|Upgrade)$$' -faults

matrix: servers ## the main paths on MariaDB 10.5, 10.11, 11.8 and MySQL 9.7 (SERVERS=mysql-9.7,mariadb-11.8 PATHS=kill SHORT=1)
	$(GO) run ./internal/matrix $(if $(SHORT),-short) $(if $(SERVERS),-servers $(SERVERS)) $(if $(PATHS),-paths $(PATHS))

bench: servers build ## CPU beside a go-mysql canal loop on the same binlog, peak memory
	$(GO) run ./internal/bench -octail ./octail $(BENCH)

lint: ## go vet, gofmt and staticcheck
	$(GO) vet ./... && $(GO) vet -tags failpoints ./...
	@test -z "$$(gofmt -l .)" || { echo "not gofmt-ed:"; gofmt -l .; exit 1; }
	$(GO) run honnef.co/go/tools/cmd/staticcheck@v0.8.2 ./...

# The database server the demo and the tests start for themselves. Only the
# program is needed, no running server: these packages start no service.
mariadb:
	@internal/shoptest/install.sh

servers:
	@internal/shoptest/install.sh --client
	@test -d "$${OCTAIL_CACHE:-$${XDG_CACHE_HOME:-$$HOME/.cache}/octail}/mysql-9.7" || internal/shoptest/fetch.sh mysql 9.7

.PHONY: help build demo test kill stale holes matrix bench lint mariadb servers
