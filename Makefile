# Two commands are all a newcomer needs: make run, make test.

# A pipe fails with its first command.
SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c

SWIFT ?= swift
BUILD_FLAGS := --explicit-target-dependency-import-check error
RELEASE_FLAGS := -c release --static-swift-stdlib $(BUILD_FLAGS)
LAYOUT ?= hardware-layouts/demo.json

# What the program needs, and what its tests need on top.
PACKAGES := libgpiod-dev libmodbus-dev libsqlite3-dev libssl-dev mosquitto pkg-config
TEST_PACKAGES := $(PACKAGES) gcc mosquitto-clients openssl python3-venv socat

.PHONY: run test build deps test-deps lint unit unit-repeat unit-narrow real-input soak sanitize bench stack docs profiles format clean

run: build
	@exec .build/release/tidegate run $(LAYOUT) --watch

build: deps
	$(SWIFT) build $(RELEASE_FLAGS) --product tidegate

test: test-deps lint unit real-input

# What failed is said once more at the end, where the last lines of a long log are all that is read.
FAILED = { grep -aE '✘|↳' $(1) | grep -avE 'Version:|Platform:' | tail -30; exit 1; }

unit:
	$(SWIFT) build --build-tests $(BUILD_FLAGS)
	@$(SWIFT) test --skip-build 2>&1 | tee .build/unit.log || $(call FAILED,.build/unit.log)

# The unit tests so many times in a row, to be green each time, also on a machine that does much else.
N ?= 20
unit-repeat:
	$(SWIFT) build --build-tests $(BUILD_FLAGS)
	@for run in $$(seq $(N)); do \
	    $(SWIFT) test --skip-build >.build/unit-$$run.log 2>&1 \
	        || $(call FAILED,.build/unit-$$run.log); \
	    echo "$$run of $(N): $$(grep -a 'Test run with' .build/unit-$$run.log)"; \
	done

# The unit tests on one processor, where all that share the task pool share one thread.
unit-narrow:
	$(SWIFT) build --build-tests $(BUILD_FLAGS)
	@taskset -c 0 $(SWIFT) test --skip-build 2>&1 | tee .build/unit.log || $(call FAILED,.build/unit.log)

# Genuine peers and a real kernel, where ../shared is present. Says plainly what it leaves out.
real-input: build
	Tests/RealInput/run.sh

# What takes long: whole gateways and guards under seeded weather, mangled messages and files by the
# million, and kills by the hundred. A seed that fails tells how to replay it.
soak: test-deps build
	$(SWIFT) build --build-tests $(BUILD_FLAGS)
	SCENARIOS=10000 $(SWIFT) test --skip-build --filter ScenarioTests
	GUARD_WALKS=700 $(SWIFT) test --skip-build --filter GuardWalkTests
	MUTATIONS=1000000 $(SWIFT) test --skip-build \
	    --filter 'GridWorks.message|PlainCommandTests|PlainReaderTests|MqttMutation|mangled.journal|in.proportion|mangled.switches'
	MUTATIONS=1000000 $(SWIFT) test --skip-build \
	    --filter 'JsonMutation|chirp.wire|handful.of.bytes|PeerList|hello.of.any'
	MUTATIONS=100000 $(SWIFT) test --skip-build --filter 'mutated'
	CRASHES=120 Tests/RealInput/gateway-crash.sh
	KILLS=20 Tests/RealInput/gateway-gridworks.sh
	LENGTH=full Tests/RealInput/cases.sh
	LENGTH=full Tests/RealInput/gateway-home-assistant.sh

# The tests again under the thread and the address sanitizer, each in a build folder of its own.
sanitize: test-deps
	$(SWIFT) test --sanitize=thread --scratch-path .build-thread -Xswiftc -DTIDEGATE_THREAD_SANITIZER
	$(SWIFT) test --sanitize=address --scratch-path .build-address

bench: test-deps build
	Tests/Bench/run.sh

# What each driver uses of its thread's stack, and whether the stacks are four times that.
stack: test-deps build
	Tests/Bench/run.sh --stack

# Writes what the program describes: commands, layout keys, drivers and counts in docs, and the schema.
docs: test-deps
	$(SWIFT) build --build-tests $(BUILD_FLAGS)
	TIDEGATE_RECORD=1 $(SWIFT) test --skip-build \
	    --filter 'ReferenceTests|that.is.shipped.is.the.one.that.the.descriptions.make'

# Lists the files of the folder `profiles`, each of which becomes part of the program.
profiles:
	@export LC_ALL=C && cd profiles && for file in *.json; do \
	    echo "\"$${file%.json}\"," >&3; \
	    echo "#embed \"../../../profiles/$$file\" suffix(, 0,)" >&4; \
	done 3>../Sources/Clibs/CProfiles/names.inc 4>../Sources/Clibs/CProfiles/texts.inc

SWIFT_FILES := Package.swift Sources Simulators Tests

format:
	$(SWIFT) format -i -r $(SWIFT_FILES)

lint:
	$(SWIFT) format lint --strict -r $(SWIFT_FILES)

clean:
	rm -rf .build .build-thread .build-address .build-peers

# Installs what is missing, and asks for sudo only when something is and this is not root.
define install
	@missing=""; for package in $(1); do \
	    dpkg-query -W -f '$${Status}' $$package 2>/dev/null | grep -q 'install ok installed' \
	        || missing="$$missing $$package"; \
	done; \
	if [ -n "$$missing" ]; then \
	    echo "installing:$$missing"; \
	    sudo=""; [ "$$(id -u)" = 0 ] || sudo=sudo; \
	    $$sudo apt-get update -qq && \
	    $$sudo env DEBIAN_FRONTEND=noninteractive \
	        apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
	fi
endef

deps:
	$(call install,$(PACKAGES))

test-deps:
	$(call install,$(TEST_PACKAGES))
