# octail's commands for people and CI. `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
GO      ?= go
DESTDIR ?=
PREFIX  ?= /usr
export CGO_ENABLED ?= 0

help: ## this list
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## the static binary ./octail
	$(GO) build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o octail ./cmd/octail

# The binary is taken as it is when there is one: `make build` as yourself, `sudo make install` as root.
install: ## put the program, the service (not started), completions and the sample config in place (PREFIX=/usr, DESTDIR=)
	@test -x octail || $(MAKE) build
	install -D -m 0755 octail $(DESTDIR)$(PREFIX)/bin/octail
	install -d $(DESTDIR)$(PREFIX)/lib/systemd/system
	sed 's|/usr/bin/octail|$(PREFIX)/bin/octail|' systemd/octail.service > $(DESTDIR)$(PREFIX)/lib/systemd/system/octail.service
	chmod 0644 $(DESTDIR)$(PREFIX)/lib/systemd/system/octail.service
	install -D -m 0644 systemd/octail.sysusers $(DESTDIR)$(PREFIX)/lib/sysusers.d/octail.conf
	install -D -m 0644 systemd/octail.tmpfiles $(DESTDIR)$(PREFIX)/lib/tmpfiles.d/octail.conf
	install -D -m 0644 config.yaml $(DESTDIR)$(PREFIX)/share/doc/octail/config.yaml
	install -d $(dir $(addprefix $(DESTDIR)$(PREFIX)/share/,$(COMPLETIONS)))
	./octail completion bash > $(DESTDIR)$(PREFIX)/share/$(word 1,$(COMPLETIONS))
	./octail completion zsh > $(DESTDIR)$(PREFIX)/share/$(word 2,$(COMPLETIONS))
	./octail completion fish > $(DESTDIR)$(PREFIX)/share/$(word 3,$(COMPLETIONS))
	@test -n "$(DESTDIR)" || { $(SYSTEMD_SETUP); }
	@printf '%s\n' '' 'octail is installed. Next:' '    sudo octail init /path/of/the/shop'

COMPLETIONS = bash-completion/completions/octail zsh/vendor-completions/_octail fish/vendor_completions.d/octail.fish

# The service's user and folders. Nothing is enabled or started; a service that runs goes on with the old program
# until it is restarted.
SYSTEMD_SETUP = \
	if command -v systemd-sysusers >/dev/null; then systemd-sysusers $(PREFIX)/lib/sysusers.d/octail.conf; else \
	  getent passwd octail >/dev/null || useradd --system --home-dir /var/lib/octail --no-create-home --shell /usr/sbin/nologin octail; fi; \
	if command -v systemd-tmpfiles >/dev/null; then systemd-tmpfiles --create $(PREFIX)/lib/tmpfiles.d/octail.conf; else \
	  install -d -o root -g octail -m 0750 /etc/octail /etc/octail/credentials; \
	  install -d -o octail -g octail -m 0700 /var/lib/octail; install -d -o octail -g octail -m 0750 /var/log/octail; fi; \
	if test -d /run/systemd/system; then systemctl daemon-reload; fi

uninstall: ## take away what install put in place; configuration, journal, events and the user octail stay
	@test -n "$(DESTDIR)" || ! test -d /run/systemd/system || systemctl disable --now octail 2>/dev/null || true
	rm -f $(DESTDIR)$(PREFIX)/bin/octail $(DESTDIR)$(PREFIX)/lib/systemd/system/octail.service \
	  $(DESTDIR)$(PREFIX)/lib/sysusers.d/octail.conf $(DESTDIR)$(PREFIX)/lib/tmpfiles.d/octail.conf \
	  $(DESTDIR)$(PREFIX)/share/doc/octail/config.yaml $(addprefix $(DESTDIR)$(PREFIX)/share/,$(COMPLETIONS))
	@cd $(DESTDIR)$(PREFIX)/share && for d in doc/octail $(dir $(COMPLETIONS)); do rmdir -p $$d 2>/dev/null || true; done
	@test -n "$(DESTDIR)" || ! test -d /run/systemd/system || systemctl daemon-reload
	@printf '%s\n' 'Left as they are: /etc/octail, /var/lib/octail, /var/log/octail, the user octail, and octail at the database server.'

demo: mariadb build ## see it work: a throwaway shop, the agent, every event (DURATION=20s, OPENCART=2.3)
	./octail demo $(if $(DURATION),--duration $(DURATION)) $(if $(OPENCART),--opencart $(OPENCART))

test: servers tools ## everything but the slow suites, race detector on
	CGO_ENABLED=1 $(GO) test -race -parallel 4 -timeout 45m ./...
	@test -d "$${OCTAIL_SHARED:-../shared}/recordings" || printf '%s\n' '' \
	  '*** LEFT OUT: the recorded shops (OpenCart 2.3, 3.0.5, 4.1) and the contract examples were not compared,' \
	  '*** because there is no folder ../shared/recordings beside the repository (or in $$OCTAIL_SHARED). All other tests ran.'

# Odoo is built once, in the cache; the tests start and stop it. FULL=1 is what the figures
# are from: more random orders, and the way cut off at each call and not at each third.
test-odoo: servers ## the Odoo sink against a real Odoo 19 and 14, which it builds first (needs root; ODOO=19 RUN=TestOrders FULL=1)
	@for v in $(ODOO); do internal/odootest/odoo.sh build $$v || exit 1; done
	OCTAIL_TEST_ODOO="$(ODOO)" OCTAIL_TEST_ODOO_FULL="$(FULL)" CGO_ENABLED=1 $(GO) test -race -tags odoo -count=1 -parallel 4 -timeout 90m \
	  $(if $(RUN),-run '$(RUN)') ./sinks/odoo/... ./internal/odootest/... ./internal/odooshop/...

ODOO ?= 19 14

bench-odoo: ## orders a second and calls an order in a real Odoo 19, beside one call a record (needs root; BENCH="-orders 40")
	internal/odoobench/run.sh $(BENCH)

kill-odoo: servers ## kill -9 agent and Odoo in turns while orders are placed; nothing missing, nothing twice (KILLS=100 ORDERS=500)
	internal/odootest/odoo.sh build 19
	$(GO) test -tags odoo ./internal/odooshop -count=1 -timeout 120m -v -run '^TestKilled$$' -kills $(or $(KILLS),100) -orders $(or $(ORDERS),500)

kill: servers ## kill -9 the agent 200 times on a MyISAM and on an InnoDB shop (KILLS=200)
	$(GO) test ./internal/app -count=1 -timeout 60m -v -run '^TestKill$$' -kills $(or $(KILLS),200)

stale: servers ## 60 orders a second read at once beside three busy loops, MariaDB and MySQL, InnoDB and MyISAM (FOR=60s)
	$(GO) test ./internal/app -count=1 -timeout 60m -v -run '^TestNoStaleDocument$$' -stale $(or $(FOR),60s)

large: servers ## snapshot of 100,000 products and customers, killed ten times; reconcile of 100,000 orders (KEYS=100000)
	$(GO) test ./internal/app -count=1 -timeout 60m -v -run '^(TestFirstFill|TestReconcileLarge)$$' -fill $(or $(KEYS),100000) -reconcile $(or $(KEYS),100000)

holes: servers ## every way in which a binlog can lie, break or end: found, said, closed by comparing (F22-F29)
	$(GO) test ./internal/app -count=1 -timeout 60m -v -run '^Test(Faults|FailOver|ShopGoesAway|Upgrade)$$' -faults

matrix: servers ## the main paths on MariaDB 10.5, 10.11, 11.8 and MySQL 9.7 (SERVERS=mysql-9.7,mariadb-11.8 PATHS=kill SHORT=1)
	$(GO) run ./internal/matrix $(if $(SHORT),-short) $(if $(SERVERS),-servers $(SERVERS)) $(if $(PATHS),-paths $(PATHS))

faults: servers ## the fault catalogue against the built program, one line a case (CASES=F07,F22 KILLS=500 SHORT=1)
	$(GO) run ./internal/faults $(if $(CASES),-cases $(CASES)) $(if $(KILLS),-kills $(KILLS)) $(if $(SHORT),-short) -v

bench: servers build ## CPU beside a go-mysql canal loop, peak memory; lanes in trouble (BENCH="latency idle", BENCH="beside poison bulk outage")
	$(GO) run ./internal/bench -octail ./octail $(BENCH)

lint: ## go vet, gofmt and staticcheck
	$(GO) vet ./... && $(GO) vet -tags failpoints ./... && $(GO) vet -tags odoo ./...
	@test -z "$$(gofmt -l .)" || { echo "not gofmt-ed:"; gofmt -l .; exit 1; }
	$(GO) run honnef.co/go/tools/cmd/staticcheck@v0.8.2 ./...
	$(GO) run honnef.co/go/tools/cmd/staticcheck@v0.8.2 -tags odoo ./sinks/odoo/... ./internal/odootest/... ./internal/odooshop/...

# The database server the demo and the tests start for themselves. Only the
# program is needed, no running server: these packages start no service.
mariadb:
	@internal/shoptest/install.sh

servers:
	@internal/shoptest/install.sh --client
	@test -d "$${OCTAIL_CACHE:-$${XDG_CACHE_HOME:-$$HOME/.cache}/octail}/mysql-9.7" || internal/shoptest/fetch.sh mysql 9.7

# Prometheus and promtool, with which the tests look at metrics, dashboard and alert
# rules. Unpacked, not installed: the package's service does not start.
tools:
	@test -d "$${OCTAIL_CACHE:-$${XDG_CACHE_HOME:-$$HOME/.cache}/octail}/prometheus-2.42" || internal/shoptest/fetch.sh prometheus 2.42

.PHONY: help build install uninstall demo test test-odoo bench-odoo kill-odoo kill stale holes faults matrix large bench lint mariadb servers tools
