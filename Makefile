# Two commands for users, on a machine with Python >= 3.11, git and make:
#   make demo   sets up .venv and packages the embedded demo model for android into dist/
#   make test   sets up .venv and runs every check
BIN := .venv/bin

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test setup lint types contracts unit format lock bench conformance clean fuzz accelerators

help:
	@sed -n 's/^#   //p' Makefile

setup:
	@PYTHON="$(PYTHON)" sh tools/bootstrap.sh

demo: setup
	$(BIN)/mobilekit package --target android --out dist

# pytest comes last: its closing line ends the output.
test: setup lint types contracts unit

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup
	$(BIN)/mypy

contracts: setup
	$(BIN)/lint-imports

unit: setup
	$(BIN)/python -m pytest -q -n auto --dist loadfile

# ---- for those who work on mobilekit ----
format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: setup
	$(BIN)/python benchmarks/cli_help.py

# ONNX's backend cases through the public API, then coremltools' op tests through the evaluator of Core ML packages
# (minutes each); writes docs/operators.md and docs/oracle.md.
conformance: setup
	$(BIN)/python -m tests.conformance
	$(BIN)/python -m tests.mil_ops

# The demo and the models of MODELS on a GPU (or SwiftShader), on Qualcomm's HTP (or its emulator) and through its
# compiler, then ONNX's backend cases there; brings onnxruntime-qnn into .venv and says what else is missing.
MODELS ?=
PHOTOS ?=
accelerators: setup
	@$(BIN)/python -c "import onnxruntime_qnn" 2>/dev/null || \
	    $(BIN)/python -m pip --disable-pip-version-check install --quiet --no-input "onnxruntime-qnn>=2.7,<2.8"
	$(BIN)/python -m tests.accelerators $(if $(MODELS),--models "$(MODELS)") $(if $(PHOTOS),--photos "$(PHOTOS)")
	$(BIN)/python -m tests.conformance.gpu
	$(BIN)/python -m tests.conformance.htp

# Random graphs against ONNX Runtime, in child processes; a run that was stopped goes on where it was.
GRAPHS ?= 5000
SEED ?= 0
fuzz: setup
	$(BIN)/python -m tests.fuzz.run --graphs $(GRAPHS) --seed $(SEED)

# Needs uv; writes neither hosts nor indexes.
lock:
	uv pip compile pyproject.toml --group dev --universal --generate-hashes --no-header \
	    --python-version 3.11 --quiet --upgrade --output-file requirements.lock

clean:
	rm -rf .venv dist build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
