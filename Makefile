# One line per target. The logic is in `tiers`, where it is tested. `make` without a target prints the help.
SHELL := /bin/bash
STACK ?= local
TIERS := .venv/bin/tiers
ONE := --stack $(STACK) $(if $(TENANT),--tenant $(TENANT)) $(if $(APP),--app $(APP)) $(if $(YES),--yes)

.PHONY: help
help:  ## Print this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-26s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup:  ## Create .venv from requirements.lock (the other targets do it first)
	@tooling/bootstrap.sh

.PHONY: local-up
local-up: setup  ## Start the local lane and deploy all tiers on it; needs no AWS account
	@$(TIERS) local up && $(TIERS) up --stack local

.PHONY: local-down
local-down: setup  ## Stop the local lane and delete it
	@$(TIERS) local down --yes

.PHONY: up
up: setup  ## Deploy all tiers: make up STACK=dev
	@$(TIERS) up $(ONE)

.PHONY: preview
preview: setup  ## Show what would change: make preview STACK=dev
	@$(TIERS) preview $(filter-out --yes,$(ONE))

.PHONY: destroy
destroy: setup  ## Destroy all tiers, downstream first: make destroy STACK=dev
	@$(TIERS) destroy $(ONE)

.PHONY: infrastructure-up infrastructure-preview infrastructure-destroy
infrastructure-up: setup  ## Deploy tier 1, the AWS infrastructure; also -preview and -destroy, as for tiers 2 to 4
	@$(TIERS) up infrastructure $(ONE)
infrastructure-preview: setup
	@$(TIERS) preview infrastructure $(filter-out --yes,$(ONE))
infrastructure-destroy: setup
	@$(TIERS) destroy infrastructure $(ONE)

.PHONY: platform-addons-up platform-addons-preview platform-addons-destroy
platform-addons-up: setup  ## Deploy tier 2, the cluster add-ons
	@$(TIERS) up platform-addons $(ONE)
platform-addons-preview: setup
	@$(TIERS) preview platform-addons $(filter-out --yes,$(ONE))
platform-addons-destroy: setup
	@$(TIERS) destroy platform-addons $(ONE)

.PHONY: tenants-up tenants-preview tenants-destroy
tenants-up: setup  ## Deploy tier 3, all tenants or one: make tenants-up STACK=dev TENANT=tenant-a
	@$(TIERS) up tenants $(ONE)
tenants-preview: setup
	@$(TIERS) preview tenants $(filter-out --yes,$(ONE))
tenants-destroy: setup
	@$(TIERS) destroy tenants $(ONE)

.PHONY: applications-up applications-preview applications-destroy
applications-up: setup  ## Deploy tier 4, all applications or one: make applications-up STACK=dev APP=demo
	@$(TIERS) up applications $(ONE)
applications-preview: setup
	@$(TIERS) preview applications $(filter-out --yes,$(ONE))
applications-destroy: setup
	@$(TIERS) destroy applications $(ONE)

.PHONY: dusk-apply dusk-diff dusk-undo dusk-delete dawn-apply dawn-diff dawn-undo dawn-delete
dusk-apply: setup  ## Deploy dusk, whose objects are YAML, with its tenant's credentials; also -diff, -undo and -delete
dawn-apply: setup  ## Deploy dawn, the same for a cluster that eksctl made
dusk-apply dusk-undo dusk-delete dawn-apply dawn-undo dawn-delete: setup
	@$(TIERS) manifests $(lastword $(subst -, ,$@)) $(firstword $(subst -, ,$@)) --stack $(STACK) $(if $(YES),--yes)
dusk-diff dawn-diff: setup
	@$(TIERS) manifests diff $(firstword $(subst -, ,$@)) --stack $(STACK)

.PHONY: three-services
three-services: setup  ## Deploy demo by Pulumi, dusk and dawn by kubectl, and compare what they answer
	@$(TIERS) up applications --app demo --stack $(STACK) && $(TIERS) manifests apply dusk --stack $(STACK) --yes && $(TIERS) manifests apply dawn --stack $(STACK) --yes && $(TIERS) manifests compare demo dusk dawn --stack $(STACK)

.PHONY: guide
guide: setup  ## Take a guided tour, step by step; one step alone: make guide-deploy-cluster, guide-help lists them
	@$(TIERS) guide --stack $(STACK) $(if $(YES),--yes)
guide-%: setup
	@$(TIERS) guide $* $(if $(filter help,$*),,--stack $(STACK) $(if $(YES),--yes))

.PHONY: test
test: setup  ## Run all checks and tests: lint, types, unit tests, plug-ins, all tiers on a separate local lane
	@.venv/bin/python -m tooling.checks test

.PHONY: test-unit
test-unit: setup  ## Run the tests that need no engine, cluster or other program; of some directories: make test-unit IN="shared tenants"
	@.venv/bin/python -m tooling.checks unit $(IN)

.PHONY: attack
attack: setup  ## Attack tenants as their people, pipelines and pods; the report is .local/attacks/attacks.html
	@.venv/bin/python -m tooling.checks attack

.PHONY: bench
bench: setup  ## Measure the local lane, and write docs/reference/performance.md: make bench ONLY=preview ROUNDS=5
	@.venv/bin/python -m tooling.bench $(if $(ONLY),--only $(ONLY)) $(if $(ROUNDS),--rounds $(ROUNDS))

.PHONY: verify
verify: setup  ## Check a deployed environment from outside, with credentials of its account: make verify STACK=dev
	@.venv/bin/python -m pytest tests/live -q -rs --live-stack $(STACK)

.PHONY: check
check: setup  ## Run the static checks: ruff, pyright, the Dockerfiles
	@.venv/bin/python -m tooling.checks static

.PHONY: lock
lock: setup  ## Resolve requirements.lock again from pyproject.toml
	@.venv/bin/python -m tooling.checks lock

.PHONY: pins
pins: setup  ## Check that every pinned version exists where it is published; fill in digests and dates: make pins WRITE=1
	@.venv/bin/python -m tooling.pins $(if $(WRITE),--write)

.PHONY: update-generated
update-generated: setup  ## Write generated files: settings in Pulumi.yaml files, the picture, reference pages
	@.venv/bin/python -m tooling.generated update

.PHONY: verify-generated
verify-generated: setup  ## Fail if a generated file is out of date
	@.venv/bin/python -m tooling.generated verify

.PHONY: chaos
chaos: setup  ## Kill processes at random points and check that one rerun recovers: make chaos ROUNDS=100 SEED=1
	@.venv/bin/python -m tests.chaos --rounds $(or $(ROUNDS),100) --seed $(or $(SEED),1)

.PHONY: update-workflows verify-workflows
update-workflows: setup  ## Write .github/workflows and CODEOWNERS from tiers.yaml, the catalog and tooling/workflows
	@.venv/bin/python -m tooling.workflows update
verify-workflows: setup  ## Fail if .github/workflows or CODEOWNERS is out of date
	@.venv/bin/python -m tooling.workflows verify

.PHONY: app-journey
app-journey: setup  ## Test what an app team does all day, on a local lane of its own, with its tenant's credentials only
	@.venv/bin/python -m pytest -q tests/app_journey

.PHONY: image
image: setup  ## Build an application's image unless its tree has one, and print the digest: make image STACK=dev APP=demo
	@.venv/bin/python -m tooling.images.publish image --stack $(STACK) --app $(APP)

# Steps of the workflows, called by GitHub's runners. docs/guides/pipelines.md says what they need.
.PHONY: ci-turn ci-required ci-states ci-summary ci-comment ci-drift ci-select-image
ci-turn: setup
	@.venv/bin/python -m tooling.workflows turn --tier $(TIER) $(if $(APP),--app $(APP)) --stack $(STACK) --wait-minutes $(WAIT_MINUTES)
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
ci-select-image: setup
	@.venv/bin/python -m tooling.images.publish select --stack $(STACK) --app $(APP) --digest $(DIGEST)

.PHONY: update-golden
update-golden: setup  ## Write the golden resource graphs; refuses if a cluster, VPC, key or bucket would be replaced
	@.venv/bin/python -m tooling.golden update

.PHONY: verify-golden
verify-golden: setup  ## Fail if a program registers resources that differ from its golden resource graph
	@.venv/bin/python -m tooling.golden verify

.PHONY: clean
clean:  ## Delete the local lane and .venv; prints the place and size of the cache of programs
	@tooling/clean.sh

.PHONY: clean-cache
clean-cache:  ## Like clean, and delete the cache: the next local-up downloads or builds the programs again
	@tooling/clean.sh cache
