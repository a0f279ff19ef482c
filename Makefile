# `make book` and `make test` need only Python 3.11, make and git: they install everything else into .venv, once.

PYTHON ?= python3.11
CLOSED := -I paper_code/workflow/environment.py
RUN := .venv/bin/python $(CLOSED)
PIPELINE := $(RUN) -m paper_code.workflow
QUICK := --config profile=quick build=_build/quick
PYTEST := $(RUN) -m pytest -p paper_code.workflow.compare
# Overrides pip's own settings of where to install. No line that runs $(RUN) may need a shell: then its process ends when make is killed.
INSTALL := -m pip --disable-pip-version-check install --quiet --no-user --target= --root=
CORE := analyse banks gabor lgn nulls statistics table models pedestal se2_checks se2_curves se2_direction_process se2_enhancement se2_lattice se2_resolution
NBVAL := --nbval --nbval-current-env -n 2 --dist loadfile

.DEFAULT_GOAL := help
.PHONY: help book test pdf serve chapter lab core processors measures references train controls ship picture lock clean distclean

help: ## List these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' Makefile

book: .venv/installed ## Build the book from the shipped weights into _build/html
	@$(PIPELINE) html

# The reference notebooks run twice: in the build with the weights as shipped and one thread, in nbval with noise on the weights and two.
test: .venv/installed ## Check style, build the book strictly on the quick profile, run unit tests and reference notebooks
	@$(RUN) -m ruff check --quiet .
	@$(RUN) -m ruff format --check --quiet .
	@$(PIPELINE) html $(QUICK)
	@$(RUN) -m paper_code.workflow.compare _build/quick/executed tests/reference
	@$(PYTEST) $(NBVAL) --all-notebooks --threads 2 --noise 1 tests

pdf: .venv/installed ## Print the built book to _build/book.pdf, with the Chromium or Chrome on PATH, or with CHROME=/path/to/chrome
	@$(RUN) -m paper_code.workflow.pdf "$(CHROME)"

serve: .venv/installed ## Serve the built book at http://127.0.0.1:8000/, or at another port with PORT=8001, to this machine only
	@$(RUN) -m paper_code.workflow.reader serve "$(PORT)"

chapter: .venv/installed ## Run one chapter, CH=04_lgn or CH=4, in a minute, and say where its page is and which numbers differ from the reference
	@$(RUN) -m paper_code.workflow.reader chapter "$(CH)"

lab: .venv/lab ## Open the chapters' sources in JupyterLab, in the same environment
	@$(RUN) -m paper_code.workflow.reader lab

core: python ## Install the part that needs no PyTorch into an environment of its own, with PYTHON, and run its tests
	@rm -rf _build/core && "$(PYTHON)" $(CLOSED) -m venv _build/core
	@_build/core/bin/python $(CLOSED) $(INSTALL) --prefix=_build/core . pytest
	@_build/core/bin/python $(CLOSED) -m pytest -q $(CORE:%=tests/test_%.py)

processors: .venv/installed ## Run the reference notebooks with the arithmetic of other processors that this one supports; run by hand only
	@$(PIPELINE) chapters $(QUICK)
	@failed=0; for kind in own Haswell Zen SkylakeX; do echo "OpenBLAS for: $$kind"; \
	  env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE $$([ $$kind = own ] || echo OPENBLAS_CORETYPE=$$kind) \
	  $(PYTEST) $(NBVAL) tests/reference || failed=1; done; exit $$failed

measures: .venv/installed ## Measure every shipped network again and write data/table.csv, which the quick profile reads
	@$(PIPELINE) measures

references: .venv/installed ## Rewrite tests/reference after an intended change; read the diff before you commit it
	@$(PIPELINE) references $(QUICK)

train: .venv/installed ## Train the networks listed in paper_code/workflow/config.yaml, into runs/
	@$(PIPELINE) train

controls: .venv/installed ## Train the controls, about 6 minutes per run on one core, and copy their early layers to data/weights
	@$(PIPELINE) ship_controls

ship: .venv/installed ## Train the networks that are missing and copy all finished runs to data/weights
	@$(PIPELINE) ship

picture: .venv/installed ## Redraw the README's pictures from the shipped weights
	@$(RUN) -m paper_code picture book/_static/overview.png
	@$(RUN) -m paper_code picture --growth book/_static/growth.png

lock: python ## Resolve requirements.in from scratch and write requirements.txt
	@rm -rf _build/lock && "$(PYTHON)" $(CLOSED) -m venv _build/lock
	@_build/lock/bin/python $(CLOSED) $(INSTALL) --prefix=_build/lock --requirement requirements.in
	@_build/lock/bin/python $(CLOSED) -m pip freeze --all --exclude pip > _build/lock/freeze.txt
	@{ echo "# Every package of the environment, for Python 3.11. Made from requirements.in by 'make lock'."; \
	  grep -E '^[A-Za-z0-9._-]+==' _build/lock/freeze.txt | grep -vE '^(nvidia-|cuda-|triton)' | sed -E 's/\+[A-Za-z0-9.]+$$//'; } > _build/lock/new.txt
	@mv _build/lock/new.txt requirements.txt && rm -rf _build/lock
	@echo "wrote requirements.txt"

clean: ## Remove everything that was built, except the environment and runs/
	rm -rf _build .snakemake .pytest_cache .ruff_cache

distclean: clean ## Remove the environment too
	rm -rf .venv

.PHONY: python
python:
	@"$(PYTHON)" -I -c 'import sys, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "error: '$(PYTHON)' is not a working Python 3.11 with venv; install it (Debian: python3.11 python3.11-venv), or name one: make PYTHON=/path/to/python3.11 ..." >&2; exit 1; }

.venv/installed: requirements.txt pyproject.toml
	@$(MAKE) --no-print-directory python
	@echo "installing into .venv, once; this takes some minutes"
	@"$(PYTHON)" $(CLOSED) -m venv .venv
	@rm -rf .venv/home
	@$(RUN) $(INSTALL) --prefix=.venv --requirement requirements.txt
	@$(RUN) $(INSTALL) --prefix=.venv --no-deps --no-build-isolation --editable .
	@touch $@

.venv/lab: .venv/installed
	@echo "installing JupyterLab into .venv, once"
	@$(RUN) $(INSTALL) --prefix=.venv "jupyterlab==4.6.6" --constraint requirements.txt
	@touch $@
