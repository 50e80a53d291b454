#!/usr/bin/env bash
# Locks each dependency group alone into requirements/<group>.txt, with hashes for every platform and no address in it.
# Pins stay as they are unless the first argument is --upgrade.
set -euo pipefail
cd "$(dirname "$0")/.."

lock() {
  local name=$1
  shift
  uv pip compile "$@" --output-file "requirements/$name.txt" --universal --python-version "${python_version:-3.13}" --generate-hashes \
    --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" --quiet ${upgrade:+"$upgrade"}
  echo "lock: requirements/$name.txt"
}

upgrade=${1:-}
lock runtime --group runtime
# Tests run what the layer ships: dev takes the runtime's versions.
lock dev pyproject.toml --group dev --constraint requirements/runtime.txt
for group in sam local-aws aws-cli checkov tagging tagging-converse-unknown tagging-invoke-unknown agent uv; do
  lock "$group" --group "$group"
done
python_version=3.10 lock tagging-python-310 --group tagging-python-310
# `sam build` reads the layer's list from the layer's folder.
cp requirements/runtime.txt layers/dependencies/requirements.txt
