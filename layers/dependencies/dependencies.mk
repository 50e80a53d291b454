# Installs the locked packages for one architecture and compiles them: `sam build` itself ships no byte code, and without
# it every cold start compiles some 500 modules. Unchecked: the date of a source, which packing changes, does not matter.
build-DependenciesLayer:
	python3.13 -m pip install --quiet --disable-pip-version-check --requirement requirements.txt --require-hashes \
	  --target "$(ARTIFACTS_DIR)/python" --no-compile --only-binary :all: --implementation cp --python-version 3.13 \
	  --platform manylinux_2_28_$(MACHINE) --platform manylinux2014_$(MACHINE)
	rm -rf "$(ARTIFACTS_DIR)/python/bin"
	python3.13 -m compileall -q --invalidation-mode unchecked-hash -s "$(ARTIFACTS_DIR)" -p /opt "$(ARTIFACTS_DIR)/python"
