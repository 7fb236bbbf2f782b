# `make demo`, `make run`, `make test`, `make lint`, `make bench`: each installs what it needs, or says what is missing.

# One set of flags for every target, so that the dependencies are compiled once.
SWIFT_FLAGS := --explicit-target-dependency-import-check error
# What is released needs no Swift where it runs, and calls the runtime without a detour; macOS has it in the system.
RELEASE_FLAGS := -c release $(if $(filter Linux,$(shell uname)),--static-swift-stdlib)
SOURCES := Package.swift Sources Tests Migrations
VENV := .venv/installed
# The key of the first administrator that `make run` starts with; for trying only.
TRIAL_KEY := sluice-trial-key

FUZZ_TARGETS := request chunked xml authorization range
FUZZ_RUNS := 10000000

.PHONY: help dependencies build release demo run test conformance conformance-baseline lint format bench fuzz clean

help:
	@echo "make demo   build, then show the whole life of an integration against the embedded AWS"
	@echo "make run    build, then serve on http://127.0.0.1:8080 with the embedded AWS (key: $(TRIAL_KEY))"
	@echo "make release build what is deployed, .build/release/sluice: it needs SQLite and libcurl, and no Swift"
	@echo "make test   unit, store, router and live tests; Python clients and Terraform against the embedded AWS"
	@echo "make lint   layout, imports, house rules"
	@echo "make conformance S3TESTS=<checkout of ceph/s3-tests>   the embedded store against it; make conformance-baseline"
	@echo "make fuzz   libFuzzer on what strangers' bytes reach; FUZZ_RUNS=$(FUZZ_RUNS) executions of each of $(FUZZ_TARGETS)"
	@echo "make bench  costs and speed, beside peers; ONLY='grants reads' runs only those"

dependencies:
	@Scripts/system-dependencies

build: dependencies
	swift build $(SWIFT_FLAGS) --product sluice

release: dependencies
	swift build $(SWIFT_FLAGS) $(RELEASE_FLAGS) --product sluice

demo: build
	.build/debug/sluice demo

run: build
	SLUICE_BOOTSTRAP_API_KEY=$(TRIAL_KEY) SLUICE_SANDBOX_PORT=4566 .build/debug/sluice serve --sandbox

test: dependencies $(VENV)
	swift build $(SWIFT_FLAGS) --build-tests
	swift test $(SWIFT_FLAGS) --skip-build --parallel
	.venv/bin/python -m pytest -q -n auto --dist loadfile Tests/Clients

conformance: build
	python3 Tests/Conformance/conformance.py $(S3TESTS)

conformance-baseline: build
	python3 Tests/Conformance/conformance.py --rewrite $(S3TESTS)

lint: dependencies
	swift format lint --strict --parallel --recursive $(SOURCES)
	Scripts/house-rules

format:
	swift format --in-place --parallel --recursive $(SOURCES)

bench: release
	python3 Benchmarks/bench.py $(ONLY)

# Whole input files are kept in .build-fuzz/corpus; a crash leaves its input beside this file.
fuzz: dependencies
	SLUICE_FUZZER=1 swift build -c release --scratch-path .build-fuzz --sanitize=fuzzer --product Fuzzer
	set -e; for target in $(FUZZ_TARGETS); do \
	    mkdir -p .build-fuzz/corpus/$$target; \
	    SWIFT_BACKTRACE=enable=no FUZZ_TARGET=$$target .build-fuzz/release/Fuzzer -runs=$(FUZZ_RUNS) -max_len=4096 \
	        -print_final_stats=1 -verbosity=0 .build-fuzz/corpus/$$target Tests/FuzzTests/Seeds/$$target; \
	done

$(VENV): Tests/Clients/requirements.txt
	@Scripts/system-dependencies python
	python3 -m venv .venv
	.venv/bin/pip install --quiet --disable-pip-version-check -r Tests/Clients/requirements.txt
	touch $@

clean:
	rm -rf .build .build-fuzz .venv
