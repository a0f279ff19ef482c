# `make book` and `make test` need Python 3.11, make and git, and nothing else: they install what they use into .venv, once.

PYTHON ?= python3.11
CLOSED := -I paper_code/workflow/environment.py
RUN := .venv/bin/python $(CLOSED)
PIPELINE := $(RUN) -m paper_code.workflow
QUICK := --config profile=quick build=_build/quick
PYTEST := $(RUN) -m pytest -p paper_code.workflow.compare
# Whatever pip's own settings say of the place. No line that runs $(RUN) may need a shell: a process below make ends when make is killed.
INSTALL := -m pip --disable-pip-version-check install --quiet --no-user --target= --root=
CORE := analyse banks gabor lgn nulls statistics table models pedestal validation se2_curves se2_direction_process se2_enhancement se2_lattice se2_resolution
NBVAL := --nbval --nbval-current-env -n 2 --dist loadfile

.DEFAULT_GOAL := help
.PHONY: help book test pdf serve chapter lab core processors measures references train controls ship picture lock clean distclean

help: ## Say what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' Makefile

book: .venv/installed ## Render the book from the shipped weights into _build/html
	@$(PIPELINE) html

# The reference notebooks run twice, crossed: in the build with the plain weights and one thread, in nbval with noise on the weights and two.
test: .venv/installed ## Style, a strict build of the book on the quick profile, unit tests, reference notebooks
	@$(RUN) -m ruff check --quiet .
	@$(RUN) -m ruff format --check --quiet .
	@$(PIPELINE) html $(QUICK)
	@$(RUN) -m paper_code.workflow.compare _build/quick/executed tests/reference
	@$(PYTEST) $(NBVAL) --all-notebooks --threads 2 --noise 1 tests

pdf: .venv/installed ## The built book as one PDF, _build/book.pdf, by the Chromium or Chrome on PATH or CHROME=/path/to/chrome
	@$(RUN) -m paper_code.workflow.pdf "$(CHROME)"

serve: .venv/installed ## The built book at http://127.0.0.1:8000/, or PORT=8001, for this machine alone
	@$(RUN) -m paper_code.workflow.reader serve "$(PORT)"

chapter: .venv/installed ## Run one chapter, CH=04_lgn, in a minute: where its page is, and where its numbers differ from the reference's
	@$(RUN) -m paper_code.workflow.reader chapter "$(CH)"

lab: .venv/lab ## Open the chapters' sources in JupyterLab, in the same environment
	@$(RUN) -m paper_code.workflow.reader lab

core: python ## What needs no torch, in an environment of its own with PYTHON: installed, and its tests
	@rm -rf _build/core && "$(PYTHON)" $(CLOSED) -m venv _build/core
	@_build/core/bin/python $(CLOSED) $(INSTALL) --prefix=_build/core . pytest
	@_build/core/bin/python $(CLOSED) -m pytest -q $(CORE:%=tests/test_%.py)

processors: .venv/installed ## By hand: the reference notebooks with the arithmetic of other processors that this one knows
	@$(PIPELINE) chapters $(QUICK)
	@failed=0; for kind in own Haswell Zen SkylakeX; do echo "OpenBLAS for: $$kind"; \
	  env -u OPENBLAS_CORETYPE -u OPENBLAS_L2_SIZE $$([ $$kind = own ] || echo OPENBLAS_CORETYPE=$$kind) \
	  $(PYTEST) $(NBVAL) tests/reference || failed=1; done; exit $$failed

measures: .venv/installed ## Measure every shipped network anew and write data/table.csv, which the quick profile reads
	@$(PIPELINE) measures

references: .venv/installed ## Rewrite tests/reference after an intended change; read the diff before you commit it
	@$(PIPELINE) references $(QUICK)

train: .venv/installed ## Train the networks that paper_code/workflow/config.yaml names, into runs/
	@$(PIPELINE) train

controls: .venv/installed ## Train the controls, about 6 minutes a run on one core, and copy their early layers to data/weights
	@$(PIPELINE) ship_controls

ship: .venv/installed ## Train what is missing and copy the finished runs to data/weights
	@$(PIPELINE) ship

picture: .venv/installed ## Redraw the pictures of the README from the shipped weights
	@$(RUN) -m paper_code picture book/_static/overview.png
	@$(RUN) -m paper_code picture --growth book/_static/growth.png

lock: python ## Resolve requirements.in afresh and write requirements.txt
	@rm -rf _build/lock && "$(PYTHON)" $(CLOSED) -m venv _build/lock
	@_build/lock/bin/python $(CLOSED) $(INSTALL) --prefix=_build/lock --requirement requirements.in
	@_build/lock/bin/python $(CLOSED) -m pip freeze --all --exclude pip > _build/lock/freeze.txt
	@{ echo "# Every package of the environment, for Python 3.11. Made from requirements.in by 'make lock'."; \
	  grep -E '^[A-Za-z0-9._-]+==' _build/lock/freeze.txt | grep -vE '^(nvidia-|cuda-|triton)' | sed -E 's/\+[A-Za-z0-9.]+$$//'; } > _build/lock/new.txt
	@mv _build/lock/new.txt requirements.txt && rm -rf _build/lock
	@echo "wrote requirements.txt"

clean: ## Remove everything that was made, but not the environment and not runs/
	rm -rf _build .snakemake .pytest_cache .ruff_cache

distclean: clean ## Remove the environment as well
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
