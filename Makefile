# Everything goes into the checkout: .tools (uv), .venv, web/node_modules, src/parlour/_web.
# Each is remade when a file that it is made from is newer, and left alone otherwise.

.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
ARGS ?=
export PYTHON

UV := .tools/uv/bin/uv
BIN := .venv/bin
# Folders too: a file that is gone counts as a change.
WEB_SOURCES := $(shell find web -maxdepth 1 -type f ! -name '*.tsbuildinfo') $(shell find web/src web/build web/public web/docs)

.PHONY: help
help: ## Say what each target does
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# ---------------------------------------------------------------------------------------------- setup

.PHONY: setup
setup: .venv/.installed .venv/.compiled src/parlour/_web/index.html ## Install everything into the checkout; nothing to do when nothing changed

$(UV): tools/uv.lock tools/install-uv
	@tools/install-uv
	@touch $@

.venv/.installed: $(UV) requirements.lock pyproject.toml tools/install-python
	@tools/install-python
	@touch $@

# Compiled now, so that the first start is as fast as the second, also where Python may write no bytecode as it runs.
.venv/.compiled: .venv/.installed $(shell find src -name '*.py')
	@$(BIN)/python -m compileall -q src
	@touch $@

web/node_modules/.installed: web/package.json web/package-lock.json web/.npmrc tools/install-npm-packages
	@tools/install-npm-packages web
	@touch $@

# The official JavaScript client, which tests drive; programs of its versions, old ones too, which `make audit` leaves out.
CLIENTS := tests/clients tests/engine/node
PROGRAMS := tests/clients/programs
$(CLIENTS:=/node_modules/.installed) $(PROGRAMS)/javascript/node_modules/.installed: %/node_modules/.installed: %/package.json %/package-lock.json %/.npmrc tools/install-npm-packages
	@tools/install-npm-packages $*
	@touch $@

src/parlour/_web/index.html: web/node_modules/.installed $(WEB_SOURCES)
	@. tools/say; say "Building the web client into src/parlour/_web"; \
	  npm --prefix web run --silent build || fail "The web client could not be built: see the lines above."
	@touch $@

# Parlour's own TURN server; `parlour media install` builds it for people.
.tools/media/parlour-turn: $(shell find media -type f -not -path 'media/sfu/*') src/parlour/go_build.py | .venv/.installed
	@. tools/say; say "Building the TURN server of media into .tools/media"
	@$(BIN)/parlour media install --to .tools/media >/dev/null
	@touch $@

# LiveKit, the SFU; `parlour media install --sfu` builds it for people. 200 seconds of CPU the first time on a machine.
.tools/media/livekit-server: media/sfu/go.mod media/sfu/go.sum src/parlour/go_build.py src/parlour/sfu/build.py | .venv/.installed
	@. tools/say; say "Building LiveKit, an SFU, into .tools/media"
	@$(BIN)/python -c 'from pathlib import Path; from parlour.sfu.build import build_livekit; build_livekit(Path(".tools/media"))'
	@touch $@

# An ACME server, of which Parlour's Caddy gets its certificate in a test.
.tools/media/pebble: tests/servers/acme/go.mod tests/servers/acme/go.sum src/parlour/go_build.py | .venv/.installed
	@. tools/say; say "Building pebble, an ACME server for the tests, into .tools/media"
	@$(BIN)/python -m tests.servers.pebble .tools/media
	@touch $@

.PHONY: test-packages
test-packages: $(CLIENTS:=/node_modules/.installed) $(PROGRAMS)/javascript/node_modules/.installed .tools/media/parlour-turn .tools/media/livekit-server .tools/media/pebble .tools/recording/.installed .tools/rclone/.installed
	@tools/install-test-packages
	@tools/build-test-programs --optional java

# What `parlour recorder` needs. Beside .venv, since packages of the tests import numpy where there is one.
.tools/recording/.installed: requirements-recording.lock | .venv/.installed
	@. tools/say; say "Installing the packages of requirements-recording.lock into .tools/recording"; rm -rf .tools/recording; \
	  $(UV) pip install --quiet --no-config --require-hashes --python $(BIN)/python --target .tools/recording \
	    --requirements requirements-recording.lock || fail "They could not be installed: see the line above."
	@touch $@

# A server that speaks S3.
.tools/rclone/.installed: requirements-rclone.lock | .venv/.installed
	@. tools/say; say "Installing rclone of requirements-rclone.lock into .tools/rclone"; rm -rf .tools/rclone; \
	  $(UV) pip install --quiet --no-config --require-hashes --python $(BIN)/python --target .tools/rclone \
	    --requirements requirements-rclone.lock || fail "It could not be installed: see the line above."
	@touch $@

.tools/atheris/.installed: requirements-fuzz.lock | .venv/.installed
	@. tools/say; say "Installing the packages of requirements-fuzz.lock into .tools/atheris"; rm -rf .tools/atheris; \
	  $(UV) pip install --quiet --no-config --require-hashes --python $(BIN)/python --target .tools/atheris \
	    --requirements requirements-fuzz.lock || fail "They could not be installed: see the line above."
	@touch $@

# ------------------------------------------------------------------------------------------------ use

.PHONY: run
run: setup ## Set up and serve on http://127.0.0.1:8000 (ARGS="--port 9000" for other options of `parlour serve`)
	@exec $(BIN)/parlour serve $(ARGS)

.PHONY: dev
dev: setup ## Serve for development: starts again when code changes, Vite with hot reload, three people (ARGS="--port 5000")
	@exec $(BIN)/python tools/dev $(ARGS)

.PHONY: bench
bench: setup ## Measure (ARGS go to `python -m bench`)
	@exec $(BIN)/python -m bench $(ARGS)

.PHONY: bench-mesh
bench-mesh: setup test-packages ## Measure calls of real browsers over narrow and lossy lines (ARGS="--people 4 --compare")
	@exec $(BIN)/python -m bench.mesh $(ARGS)

.PHONY: bench-relays
bench-relays: setup test-packages ## Measure the CPU time of coturn and of our TURN server (ARGS="--rounds 3")
	@exec $(BIN)/python -m bench.relays $(ARGS)

.PHONY: bench-nodes
bench-nodes: setup test-packages ## Measure several servers on one Redis, and compute what many sockets need (ARGS="--write")
	@$(BIN)/python -m bench.candidates_across_nodes $(ARGS)
	@$(BIN)/python -m bench.workers $(ARGS)
	@$(BIN)/python -m bench.capacity --measure $(ARGS)
	@$(BIN)/python -m bench.capacity --trial $(ARGS)

.PHONY: soak
soak: setup test-packages ## Ten minutes of 10,000 connections, ten of 200 that come and go, 100,000 joins (ARGS="--seconds 60" for less)
	@$(BIN)/python -m bench.joins
	@$(BIN)/python -m bench.soak $(ARGS)
	@$(BIN)/python -m tests.soak.churn $(ARGS)

.PHONY: soak-moves
soak-moves: setup test-packages ## A call of three browsers moves to an SFU and back forty times (ARGS="--moves 4 --third" for other ways)
	@exec $(BIN)/python -m tests.soak.moves $(ARGS)

.PHONY: siege
siege: setup test-packages ## All known ways to stop a server at once, against three browsers and 50 others (ARGS="--checkout ../older")
	@exec $(BIN)/python -m bench.siege $(ARGS)

# ---------------------------------------------------------------------------------------------- check

# Parts that share nothing, so two run at a time; the slowest first.
STATIC := check-web check-types check-imports check-style check-security check-generated check-lock

.PHONY: check
check: setup ## The fast part: lint, types, architecture, generated files, unit tests
	@$(MAKE) --jobs=2 --output-sync=target --keep-going $(STATIC) check-unit \
	  || { . tools/say; fail "A check failed: see above."; }

MEASURED := tests/unit tests/integration/http tests/integration/command/test_doctor.py tests/integration/server/test_turn.py tests/integration/server/test_sfu.py \
  tests/integration/server/test_https.py tests/integration/server/test_domain.py tests/integration/server/test_service_manager.py \
  tests/integration/recorder
COVERAGE := $(CURDIR)/test-results/coverage
SUITE := $(BIN)/pytest --numprocesses=3 --dist=worksteal --durations=10

.PHONY: test
test: ## Everything: the checks, then the whole suite with its real servers and browsers
	@$(MAKE) --jobs=2 --output-sync=target setup
	@$(MAKE) --jobs=2 --output-sync=target --keep-going test-packages $(STATIC) \
	  || { . tools/say; fail "A check failed, or what the tests need could not be installed: see above."; }
ifeq ($(ARGS),)
	@. tools/say; say "The tests whose coverage is measured, three at a time"
	@$(MAKE) measure
	@. tools/say; say "All other tests, three at a time"
	@exec $(SUITE) $(MEASURED:%=--ignore=%)
else
	@. tools/say; say "The tests that were asked for, three at a time"
	@exec $(SUITE) $(ARGS)
endif

# Tracing costs a third of what it measures, so not everything is: the pure parts, and each endpoint in a real server.
.PHONY: measure
measure:
	@rm -rf $(COVERAGE) && mkdir -p $(COVERAGE)
	@COVERAGE_PROCESS_START=$(CURDIR)/pyproject.toml COVERAGE_FILE=$(COVERAGE)/data $(SUITE) $(MEASURED)
	@$(BIN)/python tools/check-coverage

.PHONY: coverage-floor
coverage-floor: setup ## Measure the coverage, and make it the floor of `make test` (tests/coverage.json)
	@$(MAKE) measure || true
	@$(BIN)/python tools/check-coverage --write

.PHONY: test-programs
test-programs: setup test-packages ## Programs of the JavaScript, Python, Java and Rust clients; builds Rust's, which `make test` does not
	@tools/build-test-programs java rust
	@exec $(BIN)/pytest tests/integration/signaling/test_programs.py $(ARGS)

FUZZ_SECONDS ?= 600
.PHONY: fuzz
fuzz: setup test-packages .tools/atheris/.installed ## What strangers may send: schemathesis, hypothesis, atheris for FUZZ_SECONDS; a cluster in a storm; an hour or more
	@FUZZ=full $(BIN)/pytest tests/fuzz tests/integration/cluster/test_storm.py -s -o faulthandler_timeout=0 $(ARGS)
	@mkdir -p test-results/fuzz
	@PYTHONPATH=.tools/atheris $(BIN)/python -m tests.fuzz.guided test-results/fuzz -max_total_time=$(FUZZ_SECONDS)

.tools/audit/.installed: $(UV) tools/audit.lock
	@$(UV) venv --quiet --clear --no-config --no-python-downloads --python $(PYTHON) .tools/audit
	@VIRTUAL_ENV=.tools/audit $(UV) pip sync --quiet --no-config --require-hashes tools/audit.lock
	@touch $@

.PHONY: audit
audit: setup $(CLIENTS:=/node_modules/.installed) .tools/audit/.installed ## Ask for known vulnerabilities and signatures of all that is locked; needs the internet
	@. tools/say; say "What is known against the packages that are locked"
	@$(BIN)/python tools/audit

# Helm for the chart: the one that is there, or one built from the Go proxy, which takes two minutes and happens once.
HELM := $(or $(shell command -v helm),.tools/helm/helm)
.tools/helm/helm: tools/helm/go.mod tools/helm/go.sum src/parlour/go_build.py | .venv/.installed
	@. tools/say; say "Building helm into .tools/helm"
	@$(BIN)/python -c 'from pathlib import Path; from parlour.go_build import build; \
	  build(Path("tools/helm"), Path(".tools/helm"), package="helm.sh/helm/v3/cmd/helm", program="helm")'
	@touch $@

.PHONY: check-deploy
check-deploy: setup $(HELM) ## Lint and render the Helm chart of deploy/helm, and check the manifests (not part of `make test`)
	@$(BIN)/python tools/check-deploy $(HELM)

.PHONY: $(STATIC) check-unit
check-web:
	@. tools/say; say "Web client: lint, types, tests"
	@npm --prefix web run --silent check

check-types:
	@. tools/say; say "Python: types"
	@$(BIN)/mypy

check-imports:
	@. tools/say; say "Python: who may import whom"
	@$(BIN)/lint-imports --no-logo

check-style:
	@. tools/say; say "Python: lint and format"
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --check --quiet || { echo "These files are not formatted ('make format' does it):"; $(BIN)/ruff format --check; }

check-security:
	@. tools/say; say "Python: what is dangerous"
	@$(BIN)/bandit --quiet --recursive src

check-generated:
	@. tools/say; say "Generated files"
	@$(BIN)/python -m parlour.wire.export --check
	@$(BIN)/python -m parlour.dev_proxies --check
	@$(BIN)/python -m parlour.rooms.policy_table --check

# Made offline from what the lock itself pins, so it says whether the lock answers pyproject.toml, not
# whether newer packages are out.
check-lock:
	@. tools/say; say "requirements.lock answers pyproject.toml"
	@$(BIN)/python tools/check-lock

check-unit:
	@. tools/say; say "Unit tests"
	@$(BIN)/pytest tests/unit tests/contract

# ----------------------------------------------------------------------------------------------- care

.PHONY: generate
generate: setup ## Write the generated files anew: wire.gen.ts, pages.gen.ts, proxies.gen.ts, texts.gen.ts, the tables of docs
	@$(BIN)/python -m parlour.wire.export
	@$(BIN)/python -m parlour.dev_proxies
	@$(BIN)/python -m parlour.rooms.policy_table
	@npm --prefix web run --silent generate

.PHONY: format
format: setup ## Format and mend what can be mended, Python and TypeScript
	@$(BIN)/ruff check --fix --quiet || true
	@$(BIN)/ruff format
	@npm --prefix web run --silent format

.PHONY: wheel
wheel: setup ## Build dist/parlour-….whl, with the web client in it, for pip, uv and uvx
	@. tools/say; say "Building the wheel"; tools/build-wheel

.PHONY: lock
lock: $(UV) ## Write requirements.lock anew from pyproject.toml (ARGS=--upgrade for the newest versions)
	@tools/lock $(ARGS)

.PHONY: clean
clean: ## Remove everything that setup and the tests made
	rm -rf .tools .venv web/node_modules $(CLIENTS:=/node_modules) $(PROGRAMS)/javascript/node_modules $(PROGRAMS)/{java,rust}/target src/parlour/_web dist test-results .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .schemathesis
	find src tests bench tools -name __pycache__ -type d -exec rm -rf {} +
