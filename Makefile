# make demo: set up, train XOR, export it, and compare C, NumPy and Keras.
# make test: set up, and run all checks and tests.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
WORKERS ?= 2

.PHONY: demo test check generated clean

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
