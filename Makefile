# The course's commands. Everything installs into .venv beside this file, and nowhere else.
# Without make (Windows), the README gives the plain commands that stand behind each target.

PYTHON ?= python3
VENV   := .venv
UV     := $(shell command -v uv 2>/dev/null)
ifeq ($(OS),Windows_NT)
PY := $(VENV)/Scripts/python.exe
else
PY := $(VENV)/bin/python
endif

.PHONY: help course lab test check lint size notebooks book bench badges clean

help:
	@echo "make course      install, run all notebooks in order, show times and scores (the default"
	@echo "                 is pictures that the course draws itself, in a quick setting)"
	@echo "                   PHOTOS=folder       run it on your own folder of pictures"
	@echo "                   SOURCE=bing         collect photos from the web search"
	@echo "                   SETTING=quick|full  minutes, or a longer run with better colours"
	@echo "make lab         install, open JupyterLab on the first notebook"
	@echo "make test        install, then lint, unit tests, every notebook, and a browser"
	@echo "make check       install, then lint and the quick tests: under three minutes"
	@echo "make lint        install, then lint only"
	@echo "make size        lines by part"
	@echo "make notebooks   run the notebooks again and store their outputs for the repository"
	@echo "make book        install, build the book of the notebooks as HTML pages in build/book"
	@echo "make bench       install, then measure speed and quality (see bench/)"
	@echo "make badges      carry the address and version in pyproject.toml to badges and set-up cells"
	@echo "                   FORK=1              after taking the address from git's remote origin"
	@echo "make clean       remove .venv and caches; data/ and the notebooks stay"
	@echo "PYTHON=...       the Python 3.10 or newer to build on (now: $(PYTHON))"

course: $(VENV)/.installed-course
	@$(PY) -m colourlib course $(if $(PHOTOS),--photos "$$PHOTOS") \
	  $(if $(SOURCE),--source "$(SOURCE)") $(if $(SETTING),--setting "$(SETTING)")

lab: $(VENV)/.installed-course
	$(PY) -m jupyterlab --ServerApp.root_dir=. notebooks/00_first_colours.ipynb

test: $(VENV)/.installed-test
	@$(PY) .ci/steps.py

check: $(VENV)/.installed-test
	@$(PY) .ci/steps.py check

size:
	@$(PYTHON) docs/parts.py

lint: $(VENV)/.installed-test
	@$(PY) .ci/steps.py lint

notebooks: $(VENV)/.installed-course
	@$(PY) docs/renew.py

# Nothing is executed and nothing fetched; a broken link or a picture without words is an error.
book: $(VENV)/.installed-test
	$(PY) -m sphinx -q -n -W --keep-going -c docs -d build/doctrees . build/book
	@echo "The book: build/book/index.html"

bench: $(VENV)/.installed-test
	$(PY) bench

badges:
	@PYTHONPATH=. $(PYTHON) docs/badges.py $(if $(FORK),--fork)

clean:
	@echo "Removing .venv, caches and build leftovers. data/ and the notebooks stay."
	rm -rf $(VENV) .pytest_cache .ruff_cache .import_linter_cache build colourlib.egg-info
	find colourlib tests notebooks bench -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

# The stamps say what is installed; a changed pyproject.toml installs again.
$(VENV)/.installed-course: pyproject.toml
	$(call install,course)
	@touch $@

$(VENV)/.installed-test: pyproject.toml
	$(call install,test)
	@touch $@ $(VENV)/.installed-course

# $(call install,extra): make .venv where there is none, then install this folder into it,
# editable, torch and torchvision in one go so that they match. uv where it is there, pip where not.
define install
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { \
	  echo "The course needs Python 3.10 or newer, and '$(PYTHON)' is none (or does not run)."; \
	  echo "Install one, or name it: make $(MAKECMDGOALS) PYTHON=/path/to/python3"; exit 1; }
	@test -n "$(UV)" || $(PYTHON) -c 'import ensurepip, venv' || { \
	  echo "'$(PYTHON)' has no venv or ensurepip. On Debian or Ubuntu: sudo apt install python3-venv"; exit 1; }
	@if test -e $(VENV) && ! $(PY) -c '' 2>/dev/null; then \
	  echo "$(VENV) is there but its Python does not run. Remove it with 'make clean', then try again."; exit 1; fi
	@echo "Installing into $(VENV): the first time takes a few minutes and about 6 GB on Linux."
	@if test -n "$(UV)"; then \
	  { test -e $(VENV) || $(UV) venv --quiet --seed --python "$(PYTHON)" $(VENV); } && \
	  $(UV) pip install --quiet --python $(PY) -e '.[$(1)]'; \
	else \
	  { test -e $(VENV) || $(PYTHON) -m venv $(VENV); } && \
	  $(PY) -m pip install --quiet --disable-pip-version-check -e '.[$(1)]'; \
	fi
endef
