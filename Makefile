# make demo: set up, train XOR, export it, and compare C, NumPy and Keras.
# make test: set up, and run all checks and tests.
# make coverage: rewrite docs/coverage.md.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
WORKERS ?= 2

.PHONY: demo test check generated coverage clean

demo: $(VENV)/.demo
	$(BIN)/python examples/xor.py

test: $(VENV)/.test check
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup

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

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	touch $@

$(VENV)/.test: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e ".[test]"
	touch $@ $(VENV)/.demo

clean:
	rm -rf $(VENV) demo
