# The workshop. Every target keeps its environment in .venv and builds it the first time it is needed.
# `make` alone prints the menu: the lines below that carry two hash signs.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready
HARDWARE := .venv/hardware
OLD_ENOUGH := -c 'import sys; sys.exit(sys.version_info < (3, 11))'
out := $(if $(OUT),--out "$(OUT)")
# Containers like to say so; to compile the tests anew costs each process that runs them ten seconds.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test check requirements bench sim format pins firmware hardware

help:
	@awk -F ' *## ' '/^[a-z]+:.* ## / { sub(/:.*/, "", $$1); printf "  make %-13s %s\n", $$1, $$2 }' Makefile

demo: $(READY) ## a hall with three windows, on this machine (ONCE=1: one story, then leave; OUT=dir: keep its results)
	@$(BIN)/hcp demo $(if $(ONCE),--once) $(out)

test: $(READY) ## all tests, no hardware needed (ARGS="-k word": some; JOBS=0: one after the other)
	@$(BIN)/python -m pytest -n $(or $(JOBS),2) --dist worksteal -m "not bench" $(ARGS)

check: $(READY) ## style, types, and whether each requirement that claims a test has one
	@$(BIN)/ruff check . || { echo "Try: make format" >&2; exit 1; }
	@$(BIN)/ruff format --check . || { echo "Try: make format" >&2; exit 1; }
	@$(BIN)/python -m mypy
	@$(BIN)/python -m simulator.chip_types
	@$(BIN)/python -m tests.requirements check

requirements: $(READY) ## every duty of the regulations with its tests (OUT=dir: also requirements.json; DECLARE=1: hold on to them)
	@$(BIN)/python -m tests.requirements run --jobs $(or $(JOBS),0) $(if $(DECLARE),--declare) $(out)

bench: $(READY) ## measure, and print a table (OUT=dir: also bench.json)
	@$(BIN)/hcp bench $(out)

sim: $(READY) ## play one scenario on simulated devices (SCENARIO=file)
	@$(BIN)/hcp sim run $(or $(SCENARIO),$(error Which one? make sim SCENARIO=simulator/scenarios/NAME.yaml))

firmware: $(READY) ## the image for a board, run in the VM, with its sizes (KEY=release.pem: whose updates it takes)
	@$(BIN)/python -m simulator.build_firmware $(if $(KEY),--key "$(KEY)")

hardware: $(READY) ## board, case, panel and guides from their text, checked, in build/hardware (as root: brings KiCad)
	@$(MAKE) --no-print-directory $(HARDWARE) || { [ "$$CI" != true ] && echo "Going on with the packages that are here ..."; }
	@hardware/install.sh || echo "Going on with the programs that are here ..."
	@$(BIN)/python -m hardware.build $(if $(ONLY),--only $(ONLY)) $(if $(WITHIN),--within $(WITHIN)) $(out)

format: $(READY) ## put all files into the common style
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .

pins: $(READY) ## write constraints.txt anew from what .venv holds now
	@$(BIN)/python -m pip install -qq --disable-pip-version-check -e '.[test,hardware]'
	@{ echo '# Versions this tree was tested with. Written by `make pins`.'; \
	   $(BIN)/python -m pip freeze --disable-pip-version-check --exclude-editable | grep -E '^[A-Za-z0-9._-]+==[^ ]+$$'; \
	} > constraints.new && mv constraints.new constraints.txt && touch $(READY) && touch $(HARDWARE)
	@echo "constraints.txt: $$(grep -c == constraints.txt) versions"

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) $(OLD_ENOUGH) || { echo "Python 3.11 or newer is needed, and $(PYTHON) is $$($(PYTHON) -V 2>&1)." \
	  "Name another one: make PYTHON=python3.12 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "$(PYTHON) cannot make an environment." \
	  "On Debian and Ubuntu: sudo apt install python3-venv" >&2; exit 1; }
	@echo "Setting up .venv (only when pyproject.toml or constraints.txt changed; takes about a minute) ..."
	@$(BIN)/python $(OLD_ENOUGH) 2>/dev/null || $(PYTHON) -m venv --clear .venv
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-input -c constraints.txt -e '.[test]'
	@touch $@

$(HARDWARE): $(READY) hardware/fabrication/interactive-bom.txt
	@echo "Adding what the hardware is built with to .venv (1 GB, about a minute) ..."
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-input -c constraints.txt -e '.[hardware]'
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-input --no-deps --require-hashes --upgrade --target .venv/kicad \
	  -r hardware/fabrication/interactive-bom.txt
	@touch $@
