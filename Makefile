# Every target makes the environment it needs; only Python 3.11 or newer and make are required.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -q
# the environment of the libraries that bench-train compares with; a folder given here must have them installed
PEERS ?= .venv-peers

.DEFAULT_GOAL := help
.PHONY: help setup demo serve test test-long test-chaos torch export-peers clients generators lint dashboard-checks audit format docs bench bench-train bench-latency bench-explain bench-read bench-scaling bench-abuse bench-cuts bench-stalls bench-serve bench-dashboard fuzz reproduce chaos soak pins clean

help: ## Show this help
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.ready ## Make .venv with the backprop command

$(VENV)/.ready: pyproject.toml requirements/runtime.txt requirements/fast.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed (make PYTHON=python3.12 ...)"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "Python's venv is missing; on Debian: apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --only-binary :all: --require-hashes -r requirements/runtime.txt
	$(PIP) install --only-binary :all: --require-hashes -r requirements/fast.txt || echo "Numba has no wheel for this platform: training goes on with NumPy alone, and slower"
	$(PIP) install --no-deps --no-build-isolation -e .
	@$(BIN)/python -c 'import numba, scipy' 2>/dev/null && { echo "Compiling the kernels, once"; $(BIN)/python -m service.backprop.compiled; } || true
	@touch $@

$(VENV)/.ready-dev: $(VENV)/.ready requirements/dev.txt
	$(PIP) install --only-binary :all: --require-hashes -r requirements/dev.txt
	@touch $@

demo: $(VENV)/.ready ## Train XOR and a classifier of digits over HTTP (ARGS="--keep" leaves the service up)
	@$(BIN)/backprop demo $(ARGS)

serve: $(VENV)/.ready ## Start the service on http://127.0.0.1:8000 (ARGS="--port 9000")
	@$(BIN)/backprop serve $(ARGS)

PYTEST = $(BIN)/python -m pytest -n logical --maxprocesses=4 --dist loadfile --no-loadscope-reorder

test: $(VENV)/.ready-dev ## Run the tests but the long ones and those of chaos, on at most four cores (ARGS="tests/unit -k csv" for some)
	$(PYTEST) $(or $(ARGS),-m "not long" --ignore=tests/chaos)

test-long: $(VENV)/.ready-dev ## Run the tests that take long
	$(PYTEST) -m long --ignore=tests/chaos $(ARGS)

test-chaos: $(VENV)/.ready-dev ## Run the short form of `make chaos`, and schemathesis, as tests
	$(PYTEST) tests/chaos $(ARGS)

torch: $(VENV)/.ready-torch ## Install PyTorch for the tests of agreement

$(VENV)/.ready-torch: $(VENV)/.ready-dev requirements/torch.txt
	$(PIP) install --only-binary :all: -r requirements/torch.txt
	@touch $@

export-peers: .venv-exports/.ready ## Install onnxruntime and Keras, apart, for the tests of exports

.venv-exports/.ready: requirements/export-peers.txt
	$(PYTHON) -m venv .venv-exports
	.venv-exports/bin/python -m pip --disable-pip-version-check -q install --only-binary :all: -r requirements/export-peers.txt
	@touch $@

clients: .venv-clients/.ready ## Install Triton's client and the KServe SDK for the tests with them

.venv-clients/.ready: requirements/clients.txt
	$(PYTHON) -m venv .venv-clients
	.venv-clients/bin/python -m pip --disable-pip-version-check -q install --only-binary :all: --require-hashes -r requirements/clients.txt
	@touch $@

TYPESCRIPT := tests/clients/typescript

generators: .venv-generators/.ready $(TYPESCRIPT)/node_modules/.ready ## Install generators of clients, and TypeScript, for the tests with them (needs npm)

.venv-generators/.ready: requirements/generators.txt
	$(PYTHON) -m venv .venv-generators
	.venv-generators/bin/python -m pip --disable-pip-version-check -q install --only-binary :all: --require-hashes -r requirements/generators.txt
	@touch $@

$(TYPESCRIPT)/node_modules/.ready: $(TYPESCRIPT)/package.json $(TYPESCRIPT)/package-lock.json
	@command -v npm >/dev/null || { echo "npm is missing; on Debian: apt-get install --no-install-recommends nodejs npm"; exit 1; }
	cd $(TYPESCRIPT) && npm ci --ignore-scripts --no-audit --no-fund
	@touch $@

lint: $(VENV)/.ready-dev dashboard-checks ## Check style, types and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/node $(DASHBOARD)/node_modules/typescript/bin/tsc --project $(DASHBOARD)/tsconfig.json

DASHBOARD := tests/dashboard

dashboard-checks: $(DASHBOARD)/node_modules/.ready ## Install what checks the types and the accessibility of the dashboard

$(DASHBOARD)/node_modules/.ready: $(DASHBOARD)/package.json $(DASHBOARD)/package-lock.json $(VENV)/.ready-dev
	cd $(DASHBOARD) && $(CURDIR)/$(BIN)/npm ci --ignore-scripts --no-audit --no-fund
	@touch $@

audit: .venv-audit/.ready ## Ask whether advisories are known for the pinned dependencies
	@$(BIN)/python .ci/audit.py .venv-audit/bin/pip-audit

.venv-audit/.ready: requirements/audit.txt | $(VENV)/.ready
	$(PYTHON) -m venv .venv-audit
	.venv-audit/bin/python -m pip --disable-pip-version-check -q install --only-binary :all: --require-hashes -r requirements/audit.txt
	@touch $@

format: $(VENV)/.ready-dev ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(VENV)/.ready ## Write the tables of docs/training.md and docs/reference.md from the code
	$(BIN)/python -m docs.generate

bench: $(VENV)/.ready ## Train Nielsen's network on MNIST over HTTP (MNIST=path of mnist.npz)
	$(BIN)/python -m benchmarks.mnist $(MNIST)

bench-train: $(VENV)/.ready $(filter .venv-peers/.ready,$(PEERS)/.ready) ## Compare training with PyTorch, JAX and scikit-learn (MNIST=path; WORKLOADS="xor nielsen" ROUNDS=5)
	$(BIN)/python -m benchmarks.train $(MNIST) --peers $(PEERS) --workloads $(WORKLOADS) $(if $(ROUNDS),--rounds $(ROUNDS)) $(ARGS)

bench-latency: $(VENV)/.ready ## Measure start-up and the time to a job's first epoch (ARGS="--starts 5 --jobs 20")
	$(BIN)/python -m benchmarks.latency $(ARGS)

bench-explain: $(VENV)/.ready ## Measure how long answers about a network take, and their sizes (ARGS="--rounds 20 --large")
	$(BIN)/python -m benchmarks.explanations $(ARGS)

bench-read: $(VENV)/.ready ## Measure how fast CSV is read, and in how much memory (ARGS="--megabytes 1000")
	$(BIN)/python -m benchmarks.reading $(ARGS)

bench-scaling: $(VENV)/.ready ## Measure how the cost grows with rows, parameters, epochs, jobs (ARGS="--only rows --most 1e5")
	$(BIN)/python -m benchmarks.scaling $(ARGS)

bench-dashboard: $(VENV)/.ready-dev ## Measure the dashboard in Chromium: 1,000 jobs, 100,000 epochs, 50 running jobs (ARGS="--only live --seconds 600")
	$(BIN)/python -m benchmarks.dashboard $(ARGS)

bench-abuse: $(VENV)/.ready-dev ## Measure what each attack of tests/abuse costs the API, worst first (ARGS="--rows 30")
	$(BIN)/python -m benchmarks.abuse $(ARGS)

fuzz: $(VENV)/.ready-dev ## Read thousands of damaged files of each format (ARGS="--examples 20000 --only npz")
	$(BIN)/python -m tests.abuse.fuzzing $(ARGS)

bench-cuts: $(VENV)/.ready ## Cut off uploads everywhere and count what is stored of them (ARGS="--every 2000")
	$(BIN)/python -m benchmarks.cut_uploads $(ARGS)

bench-stalls: $(VENV)/.ready ## Measure what thousands of stalled connections do to others (ARGS="--counts 200 1000")
	$(BIN)/python -m benchmarks.stalled_sockets $(ARGS)

SERVING_PEERS := .venv-serving-fastapi/.ready .venv-serving-mlserver/.ready

bench-serve: $(VENV)/.ready-dev $(SERVING_PEERS) ## Compare predictions over HTTP with bare applications and other servers; needs wrk (ARGS="--rounds 1 --seconds 1")
	$(BIN)/python -m benchmarks.serving $(ARGS)

.venv-serving-%/.ready: requirements/serving-%.txt
	$(PYTHON) -m venv .venv-serving-$*
	.venv-serving-$*/bin/python -m pip --disable-pip-version-check -q install --only-binary :all: -r requirements/serving-$*.txt
	@touch $@

.venv-peers/.ready: requirements/peers.txt
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/python -m pip --disable-pip-version-check -q install --only-binary :all: -r requirements/peers.txt
	@touch $@

reproduce: $(VENV)/.ready ## Compare with published results and write docs/reproduction.md (MNIST=path; ROWS="xor deep-2")
	$(BIN)/python -m benchmarks.reproduce $(MNIST) --rows $(ROWS)

chaos: $(VENV)/.ready-dev ## Kill processes by the hundred and check that nothing is lost (STAGES="kills service" SEED=...)
	$(BIN)/python -m chaos $(STAGES) $(if $(SEED),--seed $(SEED))

soak: $(VENV)/.ready-dev ## Run the stages of chaos again and again with new seeds (MINUTES=60 SEED=...)
	$(BIN)/python -m chaos --minutes $(or $(MINUTES),60) $(if $(SEED),--seed $(SEED))

pins: ## Pin all dependencies again, with hashes (needs uv)
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --quiet -o requirements/runtime.txt pyproject.toml requirements/build.in
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --quiet -o requirements/dev.txt pyproject.toml requirements/build.in --extra dev
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --quiet -o requirements/fast.txt pyproject.toml requirements/build.in --extra fast
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --quiet -o requirements/audit.txt requirements/audit.in
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --quiet -o requirements/clients.txt requirements/clients.in
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --quiet -o requirements/generators.txt requirements/generators.in

clean: ## Remove the environments
	rm -rf $(VENV) .venv-peers .venv-audit .venv-exports .venv-serving-fastapi .venv-serving-mlserver .venv-clients .venv-generators $(TYPESCRIPT)/node_modules $(DASHBOARD)/node_modules
