# The lab's targets; included by the Makefile at the root. See tests/lab/README.md.

LAB_PYTHON ?= python3
CLUSTERS   ?=
CLUSTER    ?=
PROGRAMS   ?=
LAB_OPTIONS ?=
LAB_CONSUL ?=
LAB := PYTHONPATH=$(dir $(lastword $(MAKEFILE_LIST))) PYTHONDONTWRITEBYTECODE=1 $(LAB_PYTHON) -m meshlab

.PHONY: lab lab-down lab-status lab-kubeconfig lab-logs lab-api lab-build lab-packages lab-test

lab: ## Bring up real clusters (CLUSTERS="east west"; LAB_CONSUL=1: with the images of Consul and its Envoy)
	@$(timed) env $(LAB) up $(LAB_OPTIONS) $(if $(LAB_CONSUL),--consul) $(CLUSTERS)

lab-down: ## Remove the lab and every trace of it (CLUSTERS="…": only these)
	@$(LAB) down $(CLUSTERS)

lab-status: ## Say what of the lab runs
	@$(LAB) status

lab-kubeconfig: ## Print the path of the lab's kubeconfig (CLUSTER=east: of one cluster's)
	@$(LAB) kubeconfig $(CLUSTER)

lab-logs: ## Show the last lines of what failed (CLUSTER=east: of that cluster)
	@$(LAB) logs $(CLUSTER)

lab-api: ## Run only etcd and an API server, until Ctrl-C; needs no root
	@$(LAB) api

lab-build: ## Build and fetch everything the lab needs, start nothing (PROGRAMS=consul: only these)
	@$(timed) env $(LAB) build $(PROGRAMS)

lab-packages: ## Install the Debian packages the lab needs
	@$(LAB) packages $(if $(LAB_CONSUL),--consul)

lab-test: ## Unit tests of the lab's own program
	@PYTHONPATH=$(dir $(lastword $(MAKEFILE_LIST))) PYTHONDONTWRITEBYTECODE=1 $(LAB_PYTHON) -m pytest -q tests/lab/tests
