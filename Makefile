# make demo: set up, train XOR, export it, and compare C, NumPy and Keras.
# make test: set up, and run all checks and tests, less those of large models.
# make test-all: the tests of large models: real files, keras.applications, KerasHub.
# make test-targets: install cross compilers and emulators (Debian, root), and run self-tests on them.
# make coverage: rewrite docs/coverage.md.
# make docs: rewrite the worked examples of docs/layers and the list of recipes, and build the pages as a site, in site/.
# make bench: time kgen's C beside LiteRT, ONNX Runtime and others, and rewrite docs/benchmarks.md.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
WORKERS ?= 2

.PHONY: demo test test-all test-targets check generated coverage docs bench clean

demo: $(VENV)/.demo
	$(BIN)/python examples/xor.py

test: $(VENV)/.test check
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup -m "not slow and not targets"

test-all: $(VENV)/.test
	$(BIN)/python -m pytest -n $(WORKERS) -m slow

test-targets: $(VENV)/.test
	.ci/install-emulators || echo "going on with what is here"
	$(BIN)/python -m pytest -n $(WORKERS) -m targets

check: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Rewrites generated/ after a change to the templates; read the diff before committing it.
generated: $(VENV)/.test
	$(BIN)/python -m pytest tests/test_generated.py --regenerate

# Rewrites docs/coverage.md: which layers and operations of Keras the cases cover.
coverage: $(VENV)/.test
	$(BIN)/python -m tests.coverage

# Rewrites the examples of docs/layers, and builds the site.
docs: $(VENV)/.docs
	$(BIN)/python -m tests.layer_pages
	$(BIN)/python -m tests.recipes_page
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

# Rewrites docs/benchmarks.md and its plot; MODELS="xor lenet" times only some.
bench: $(VENV)/.bench
	$(BIN)/python -m benchmarks.speed $(MODELS)

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	touch $@

$(VENV)/.test: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[test]"
	touch $@ $(VENV)/.demo

$(VENV)/.docs: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[docs]"
	touch $@ $(VENV)/.demo

$(VENV)/.bench: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[benchmark]"
	touch $@ $(VENV)/.demo

clean:
	rm -rf $(VENV) demo site
