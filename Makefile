# One line a target; the logic is in `tiers`, where it is tested. `make` alone prints this help.
SHELL := /bin/bash
STACK ?= local
TIERS := .venv/bin/tiers
ONE := --stack $(STACK) $(if $(TENANT),--tenant $(TENANT)) $(if $(APP),--app $(APP)) $(if $(YES),--yes)

.PHONY: help
help:  ## Print this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-26s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup:  ## Make .venv from requirements.lock (every other target does it first)
	@tooling/bootstrap.sh

.PHONY: local-up
local-up: setup  ## Start the local lane and deploy the whole chain on it; no AWS account needed
	@$(TIERS) local up && $(TIERS) up --stack local

.PHONY: local-down
local-down: setup  ## Stop the local lane and remove it
	@$(TIERS) local down --yes

.PHONY: up
up: setup  ## Deploy every tier: make up STACK=dev
	@$(TIERS) up $(ONE)

.PHONY: preview
preview: setup  ## Show what would change: make preview STACK=dev
	@$(TIERS) preview $(filter-out --yes,$(ONE))

.PHONY: destroy
destroy: setup  ## Destroy every tier, downstream first: make destroy STACK=dev
	@$(TIERS) destroy $(ONE)

.PHONY: infrastructure-up infrastructure-preview infrastructure-destroy
infrastructure-up: setup  ## Tier 1, AWS infrastructure
	@$(TIERS) up infrastructure $(ONE)
infrastructure-preview: setup
	@$(TIERS) preview infrastructure $(filter-out --yes,$(ONE))
infrastructure-destroy: setup
	@$(TIERS) destroy infrastructure $(ONE)

.PHONY: platform-addons-up platform-addons-preview platform-addons-destroy
platform-addons-up: setup  ## Tier 2, cluster add-ons
	@$(TIERS) up platform-addons $(ONE)
platform-addons-preview: setup
	@$(TIERS) preview platform-addons $(filter-out --yes,$(ONE))
platform-addons-destroy: setup
	@$(TIERS) destroy platform-addons $(ONE)

.PHONY: tenants-up tenants-preview tenants-destroy
tenants-up: setup  ## Tier 3, all tenants or one: make tenants-up STACK=dev TENANT=tenant-a
	@$(TIERS) up tenants $(ONE)
tenants-preview: setup
	@$(TIERS) preview tenants $(filter-out --yes,$(ONE))
tenants-destroy: setup
	@$(TIERS) destroy tenants $(ONE)

.PHONY: applications-up applications-preview applications-destroy
applications-up: setup  ## Tier 4, all applications or one: make applications-up STACK=dev APP=demo
	@$(TIERS) up applications $(ONE)
applications-preview: setup
	@$(TIERS) preview applications $(filter-out --yes,$(ONE))
applications-destroy: setup
	@$(TIERS) destroy applications $(ONE)

.PHONY: test
test: setup  ## The whole suite: types, style, unit tests, plug-ins, the chain on a lane of its own
	@.venv/bin/python -m tooling.checks test

.PHONY: test-unit
test-unit: setup  ## Only what needs no engine, cluster or other program; of some directories: make test-unit IN="shared tenants"
	@.venv/bin/python -m tooling.checks unit $(IN)

.PHONY: bench
bench: setup  ## Measure lane and chain, write docs/performance.md: make bench ONLY=preview ROUNDS=5
	@.venv/bin/python -m tooling.bench $(if $(ONLY),--only $(ONLY)) $(if $(ROUNDS),--rounds $(ROUNDS))

.PHONY: verify
verify: setup  ## Check a deployed chain from outside: make verify STACK=dev, with credentials of its account
	@.venv/bin/python -m pytest tests/live -q -rs --live-stack $(STACK)

.PHONY: check
check: setup  ## Style and types: ruff, pyright
	@.venv/bin/python -m tooling.checks static

.PHONY: lock
lock: setup  ## Resolve requirements.lock anew from pyproject.toml
	@.venv/bin/python -m tooling.checks lock

.PHONY: pins
pins: setup  ## Ask those who publish it whether what is pinned exists; fill in digests and days: make pins WRITE=1
	@.venv/bin/python -m tooling.pins $(if $(WRITE),--write)

.PHONY: update-generated
update-generated: setup  ## Write what is generated: settings in Pulumi.yaml files, the picture, reference pages
	@.venv/bin/python -m tooling.generated update

.PHONY: verify-generated
verify-generated: setup  ## Fail if what is generated is not up to date
	@.venv/bin/python -m tooling.generated verify

.PHONY: chaos
chaos: setup  ## Kill processes at random points and see one rerun fix it: make chaos ROUNDS=100 SEED=1
	@.venv/bin/python -m tests.chaos --rounds $(or $(ROUNDS),100) --seed $(or $(SEED),1)

.PHONY: update-workflows verify-workflows
update-workflows: setup  ## Write .github/workflows and CODEOWNERS from tiers.yaml, the catalog and tooling/workflows
	@.venv/bin/python -m tooling.workflows update
verify-workflows: setup  ## Fail if .github/workflows or CODEOWNERS is not up to date
	@.venv/bin/python -m tooling.workflows verify

# Steps of the workflows, which GitHub's runners call; what each needs is in docs/guide/pipelines.md.
.PHONY: ci-turn ci-required ci-states ci-summary ci-comment ci-drift
ci-turn: setup
	@.venv/bin/python -m tooling.workflows turn --tier $(TIER) --stack $(STACK) --wait-minutes $(WAIT_MINUTES)
ci-required: setup
	@.venv/bin/python -m tooling.workflows required --wait-minutes $(WAIT_MINUTES)
ci-states: setup
	@.venv/bin/python -m tooling.workflows states --stack $(STACK)
ci-summary: setup
	@.venv/bin/python -m tooling.workflows summary --report $(REPORT) --title "$(TITLE)"
ci-comment: setup
	@.venv/bin/python -m tooling.workflows comment --report $(REPORT) --title "$(TITLE)"
ci-drift: setup
	@.venv/bin/python -m tooling.workflows drift --stack $(STACK)

.PHONY: update-golden
update-golden: setup  ## Write the golden resource graphs; refused where a cluster, VPC, key or bucket would be replaced
	@.venv/bin/python -m tooling.golden update

.PHONY: verify-golden
verify-golden: setup  ## Fail if a program registers anything else than its golden resource graph says
	@.venv/bin/python -m tooling.golden verify

.PHONY: clean
clean:  ## Remove the lane and .venv; says where the cache of built programs is, and how big
	@tooling/clean.sh

.PHONY: clean-cache
clean-cache:  ## As clean, and remove the cache: the next lane builds its programs anew, 10 minutes
	@tooling/clean.sh cache
