# Everything is done by dev.py (Python 3.11+, standard library only).
PYTHON ?= python3
ARGS ?=

.PHONY: run test check fuzz contract node lint types bench openapi lock cli clean

run test check fuzz contract node lint types bench openapi lock cli clean:
	@$(PYTHON) dev.py $@ $(ARGS)
