# Everything a person does with this repository, by name; `make help` lists it.
.DEFAULT_GOAL := help
.PHONY: help demo test test-long build bench papers luts fuzz synthesis resnet18 check docs clean setup

qcc := node dist/compiler/cli.js
digits := examples/digits

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: setup build ## set up what is missing, then compile, simulate and check the example network
	@echo
	@echo '$$ qcc build $(digits)/digits.onnx -o hdl-out/digits'
	@$(qcc) build $(digits)/digits.onnx -o hdl-out/digits
	@echo
	@echo '$$ qcc sim $(digits)/digits.onnx --input $(digits)/digits.npz:pixels \'
	@echo '      --expect $(digits)/digits.npz:accumulators --labels $(digits)/digits.npz:labels'
	@$(qcc) sim $(digits)/digits.onnx --input $(digits)/digits.npz:pixels \
	  --expect $(digits)/digits.npz:accumulators --labels $(digits)/digits.npz:labels

test: ## set up what is missing, then run all tests
	@scripts/setup.sh --tests
	@mkdir -p .cache
	npx vitest run --reporter=default --reporter=json --outputFile.json=.cache/vitest.json

test-long: ## all images of the trained models, full-size unrolled layers, synthesis: what `make test` has no time for
	@scripts/setup.sh --tests
	QCC_LARGE=1 npx vitest run test/models test/units/unrolled-matrices.test.ts test/quantize/inq-errors.test.ts test/designs/toolflow.test.ts

setup:
	@scripts/setup.sh

build: ## compile qcc itself into dist/
	@npm run --silent build

bench: setup ## measure speed and size: builds, kernels, simulation, LUTs, the networks of the FINN paper
	node --import ./scripts/ts.mjs bench/run.ts

luts: setup ## LUTs of unrolled layers by Yosys, held to their goals (some minutes)
	node --import ./scripts/ts.mjs bench/unrolled.ts --check

papers: setup ## errors of the published LeNets after each quantization method, beside what is known of them (some minutes)
	node --import ./scripts/ts.mjs bench/papers.ts

fuzz: ## random networks through all engines, until stopped
	node --import ./scripts/ts.mjs scripts/fuzz.ts

synthesis: ## let Yosys count CNV at its published rate and hold it to the goal (some minutes)
	QCC_SYNTHESIS=1 npx vitest run test/lower/cnv-rate.test.ts

resnet18: setup ## ResNet-18 as Group-Net (K = 5, W1A4, 224x224): one image at evaluator, cycle engine and Verilator
	node --max-old-space-size=10000 --import ./scripts/ts.mjs bench/resnet18.ts

check: ## format, lint, types, dependency rules, unused code, generated documents
	npm run --silent format:check
	npm run --silent lint
	npm run --silent typecheck
	npm run --silent deps
	npm run --silent knip
	node --import ./scripts/ts.mjs scripts/docs.ts --check

docs: ## write the generated documents and the API reference
	node --import ./scripts/ts.mjs scripts/docs.ts
	npm run --silent docs

clean: ## remove what was built
	rm -rf dist .cache coverage docs/api sim/wasm/build
	find hdl-out -mindepth 1 -not -name README.md -delete
