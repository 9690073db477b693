# meshops.lifecycle: `make help` lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
PYTHON ?= python3

environment := $(PYTHON) mk/environment.py
run := $(environment) exec run
tools := $(environment) exec tools
floor := $(environment) exec floor
pages := $(environment) exec pages
# Each step's seconds, for the end of `.ci/run`.
timed = $(PYTHON) mk/stopwatch.py $@
collections = $(shell $(environment) path collections)
pytest = pytest --junit-xml=build/junit/$@.xml

-include tests/lab/lab.mk

.PHONY: help setup tools pages operators env demo test at-rest lint lint-python lint-types lint-yaml lint-ansible lint-docs lint-changelog lint-site lint-importer \
  unit unit-versions unit-newest unit-oldest unit-lab unit-bench unit-drills sanity test-api test-lab molecule bench bench-sizes drill-naive drill-rotation drill-kill drill-expired drill-cutover drill-cutover-kill drill-peer drill-planes \
  test-browser test-controller test-consul test-consul-alone test-consul-charts test-consul-killed molecule-consul test-operators test-ossm3 test-ossm3-alone test-operators-killed drill-consul clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort | expand -t 18

lab lab-build lab-api: setup

setup: $(if $(wildcard tests/lab/lab.mk),lab-packages) ## install what is missing, make the environment that runs playbooks
	@$(timed) $(environment) setup run

tools: setup
	@$(PYTHON) mk/stopwatch.py setup $(environment) setup tools floor

pages: setup
	@$(PYTHON) mk/stopwatch.py setup $(environment) setup pages

operators: setup
	@$(PYTHON) mk/stopwatch.py setup $(environment) setup operators

env: ## print shell lines for your own ansible-playbook: eval "$(make -s env)"
	@$(environment) setup run
	@$(environment) env

demo: setup lab ## two data centres and one mesh on this machine, then what to try next
	$(run) ansible-playbook meshops.lifecycle.site -i inventories/lab -e verify_traffic=true
	$(run) ansible-playbook meshops.lifecycle.status -i inventories/lab
	@cat mk/demo.txt

test: at-rest unit test-api test-lab molecule ## all of lint, sanity, unit, test-api, test-lab, molecule

# Both take one core.
at-rest: tools
	@$(MAKE) -j2 --output-sync=target sanity lint

lint: lint-python lint-types lint-yaml lint-ansible lint-docs lint-changelog lint-site lint-importer ## ruff, mypy, yamllint, ansible-lint (production), antsibull, the site, galaxy-importer

lint-python: tools
	$(timed) $(tools) ruff check .

# What mypy learned outlives the checkout: it compares the contents of files.
mypy = $(tools) mypy --cache-dir=$(shell $(environment) path cache)/mypy

lint-types: tools
	MYPYPATH=$(collections) $(timed) $(mypy) $(collections)/ansible_collections/meshops/lifecycle/plugins
	$(timed) $(mypy) mk

lint-yaml: tools
	$(timed) $(tools) yamllint --strict .

lint-ansible: tools
	$(timed) $(tools) ansible-lint

lint-docs: tools
	$(timed) $(tools) antsibull-docs lint-collection-docs --plugin-docs --validate-collection-refs=self .

lint-changelog: tools
	$(timed) $(tools) antsibull-changelog lint

lint-site: pages ## build the site of the documentation into build/site
	$(timed) $(pages) python mk/docsite.py

lint-importer: pages ## build the artifact and import it as Galaxy does (IMPORTER_LINT=1 with ansible-lint as Galaxy calls it)
	$(timed) $(pages) python mk/importer.py

unit: unit-versions $(if $(wildcard tests/lab/tests/*.py),unit-lab) unit-bench unit-drills ## unit tests, on the newest and on the oldest Python and ansible-core (ARGS="-k name")

# A core for each version: two workers would both collect all tests, and prepare what a file shares.
unit-versions: tools
	$(timed) $(MAKE) -j2 --output-sync=target unit-newest unit-oldest

unit-newest: tools
	$(tools) $(pytest) tests/unit $(ARGS)

unit-oldest: tools
	$(floor) $(pytest) tests/unit $(ARGS)

unit-lab: tools
	PYTHONPATH=tests/lab:tests/lab/operators $(timed) $(tools) $(pytest) tests/lab/tests tests/lab/operators/tests $(ARGS)

unit-bench: tools
	PYTHONPATH=tests/lab:tests/bench $(timed) $(tools) $(pytest) tests/bench/tests $(ARGS)

unit-drills: tools
	PYTHONPATH=tests/lab:tests/drills $(timed) $(tools) $(pytest) tests/drills/tests $(ARGS)

sanity: tools ## ansible-test sanity, nothing ignored (ARGS="--test pep8")
	$(timed) $(tools) python mk/sanity.py $(ARGS)

# These tests wait for Leases, webhooks and rollouts: three workers keep two cores busy.
# They take minutes.
chains := tests/api/consul/chains

test-api: tools operators lab-build ## tests on a real etcd and kube-apiserver
	$(timed) $(tools) $(pytest) -n 3 --dist worksteal tests/api --ignore=$(chains) $(ARGS)

test-lab: tools lab ## end-to-end tests on the lab
	$(timed) $(tools) $(pytest) tests/e2e $(ARGS)

# The first one installs the mesh that the others go on with.
scenarios := default rotation cutover operators

# What Molecule remembers of an earlier run, on this checkout or another of the same name, must not skip `prepare`.
molecule: tools operators lab ## the scenarios on the lab: converge, idempotence, verify; a rotation; a cutover and back; an operator (SCENARIOS=cutover ARGS="--destroy never")
	mkdir -p build/plays
	$(tools) molecule reset --scenario-name=default --scenario-name=operators
	ANSIBLE_LOG_PATH=$(CURDIR)/build/plays/$@ $(timed) $(tools) molecule test $(addprefix --scenario-name=,$(or $(SCENARIOS),$(scenarios))) --report $(ARGS)

# Needs Chromium, which no registry of packages has, so it is not a part of `make test`.
test-browser: tools ## the report's page in headless Chromium (BROWSER_KEEP=directory keeps pictures for eyes)
	$(timed) $(tools) $(pytest) tests/browser $(ARGS)

bench: tools lab-build ## measure against kubectl, helm, istioctl and Ansible collections; writes docs/benchmarks.md (BENCH_RUNS=10 BENCH_ONLY="P1 P2": only their chapters)
	PYTHONPATH=tests/lab:tests/bench $(tools) python -m meshbench --runs=$(or $(BENCH_RUNS),10) --only="$(BENCH_ONLY)" --peers="$(BENCH_PEERS)"

bench-sizes: tools lab-build ## measure status and site on many stub clusters for the page AWX (SIZES_OPTIONS="--clusters '50 200' --forks 10 --playbooks status")
	PYTHONPATH=tests/lab:tests/bench $(tools) python -m meshbench.sizing $(SIZES_OPTIONS)

drill := PYTHONPATH=tests/lab:tests/drills $(tools) python -m meshdrill

drill-naive: ## count what a swap of cacerts and a restart lose
drill-rotation: ## rotate under load until each flow had 20,000 requests; no request may be lost (DRILL_RUNS=10 DRILL_OPTIONS="--kinds root")
drill-kill: ## kill a root rotation before and after each of its writes (DRILL_OPTIONS="--points '1 7'")

# With `--provider ossm3` a stand-in of an operator plays, in an environment of its own.
drill-naive drill-rotation drill-kill drill-cutover drill-cutover-kill drill-peer drill-planes: tools lab $(if $(findstring ossm3,$(DRILL_OPTIONS)),operators)
	$(drill) $(@:drill-%=%) --runs=$(or $(DRILL_RUNS),1) $(DRILL_OPTIONS)

drill-cutover: ## move a mesh to another revision and back under load; no request may be lost (DRILL_RUNS=5 DRILL_OPTIONS="--servers 2 --versions", or "--provider ossm3")
drill-cutover-kill: ## kill a cutover and its way back at each of their writes, one run after the other (DRILL_OPTIONS="--points '1 7'")
drill-planes: ## shift ingress, application and egress between blue and green control planes by weights, and back
drill-peer: ## count what a canary upgrade by istioctl and kubectl loses

drill-expired: tools lab ## bring a mesh whose root has expired to another root, without a restart
	$(tools) $(pytest) tests/drills/clocks $(ARGS)

controller_env := $(environment) exec controller

test-controller: setup ## execution environments by ansible-builder, rulebooks by ansible-rulebook (needs Java 17; installs it on Debian)
	@$(PYTHON) mk/stopwatch.py setup $(environment) setup controller
	@command -v java > /dev/null || { apt-get update -qq && apt-get install -y -qq --no-install-recommends openjdk-17-jre-headless; }
	$(timed) $(controller_env) $(pytest) tests/controller $(ARGS)

# Consul takes a quarter of an hour to build, so nothing of this is a part of `make test`.
test-consul molecule-consul drill-consul: LAB_CONSUL := 1

in_lab := tests/consul/test_11_peering.py tests/consul/test_12_federation.py

test-consul: test-consul-alone tools lab ## tests on a real Consul, on loopback addresses and in the lab
	$(timed) $(tools) $(pytest) $(in_lab) $(ARGS)

test-consul-alone: tools ## only those that need no lab
	$(timed) $(tools) $(pytest) tests/consul --ignore=tests/consul/charts $(addprefix --ignore=,$(in_lab)) $(ARGS)

test-consul-charts: tools lab-build ## HashiCorp's charts with our values, if MESHOPS_CONSUL_CHARTS names a directory that has them
	$(timed) $(tools) $(pytest) tests/consul/charts $(ARGS)

test-consul-killed: tools lab-build ## Consul's installation and its long rotations, killed at each write (KILLS_STRIDE=5: at every fifth) on real API servers
	$(timed) $(tools) $(pytest) $(chains) $(ARGS)

molecule-consul: tools lab ## the scenario of Consul on the lab
	$(tools) molecule reset --scenario-name=consul
	$(timed) $(tools) molecule test --scenario-name consul --report $(ARGS)

test-operators: tools operators lab ## the stand-in of the Sail operator with the real istiod of the lab
	$(timed) $(tools) $(pytest) tests/lab/operators/on_the_lab $(ARGS)

# Takes the place of the mesh that is in the lab, so it is not a part of `make test`.
test-ossm3: test-ossm3-alone lab ## OpenShift Service Mesh 3 by its playbooks: on bare API servers, and with real istiods in the lab
	$(timed) $(tools) $(pytest) tests/ossm3/lab $(ARGS)

test-ossm3-alone: tools operators lab-build ## only those that need no lab
	$(timed) $(tools) $(pytest) tests/ossm3/alone $(ARGS)

test-operators-killed: tools operators lab-build ## kill installs, upgrades and removals of operators at each of their writes, by module and by playbook
	MESHOPS_KILL_EVERYWHERE=1 $(timed) $(tools) $(pytest) tests/api/operators/test_killed.py $(ARGS)

drill-consul: tools lab ## what a mesh of Consul survives under load (DRILL_RUNS=5 DRILL_OPTIONS="--acts 'failover leader'")
	@mkdir -p build/drills
	$(drill) consul --runs=$(or $(DRILL_RUNS),1) $(DRILL_OPTIONS)

clean: ## remove test results; the cache is kept (see mk/environment.py)
	rm -rf build .ansible tests/output
