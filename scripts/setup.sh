#!/usr/bin/env bash
# Brings every environment in line with its locked list; does nothing where that is so already.
#   .venv             dev: what the tests and the command `request-lens` need, and this repository's own packages
#   .tools/<name>     sam, local-aws, aws-cli: each pins a botocore of its own; checkov, and those in which the tag
#                     layer is tried and examples/agent runs, only where they are asked for
#   .tools/bin        sam, aws, ministack and the python3.13 (with pip) that `sam build` looks for on PATH
# Arguments name the environments; without any it is those that more than `make test` needs.
# PYTHON names the interpreter to use. Every failure is one sentence on stderr and exit status 1.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
# A virtual environment that happens to be active must not leak into ours.
unset VIRTUAL_ENV PYTHONHOME PYTHONPATH
# pip's own name for the certificates of a proxy: uv knows the common one alone.
if [ -n "${PIP_CERT:-}" ] && [ -z "${SSL_CERT_FILE:-}" ]; then export SSL_CERT_FILE=$PIP_CERT; fi
export UV_PYTHON_DOWNLOADS=never PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1

fail() {
  echo "setup: $*" >&2
  exit 1
}

directory_of() {
  if [ "$1" = dev ]; then echo .venv; else echo ".tools/$1"; fi
}

# What an environment is made from: a moved clone or a changed list makes it stale.
recipe_of() {
  echo "$root"
  cat "requirements/$1.txt"
  # The tools' settings in pyproject.toml begin with ruff's, and change nothing that is installed.
  if [ "$1" = dev ]; then sed '/^\[tool\.ruff\]/,$d' pyproject.toml; fi
}

was_made_here() {
  [ "$(head -n 1 "$1/.made-from" 2>/dev/null)" = "$root" ]
}

is_current() {
  local directory
  directory=$(directory_of "$1")
  [ -x "$directory/bin/python" ] && recipe_of "$1" | cmp -s - "$directory/.made-from"
}

# Prints the real interpreter behind a name (shims and virtual environments resolved), or fails: `name version`.
interpreter_behind() {
  "$1" -c 'import sys
assert "%d.%d" % sys.version_info[:2] == sys.argv[1]
print(getattr(sys, "_base_executable", None) or sys.executable)' "$2" 2>/dev/null </dev/null
}

find_python() {
  local candidate
  if [ -n "${PYTHON:-}" ]; then
    interpreter_behind "$PYTHON" 3.13 || fail "PYTHON=$PYTHON is not a working Python 3.13; name one that is, or leave PYTHON unset."
    return
  fi
  for candidate in python3.13 python3 python /opt/homebrew/bin/python3.13 /usr/local/bin/python3.13 /usr/bin/python3.13 \
    "${PYENV_ROOT:-${HOME:-}/.pyenv}"/versions/3.13*/bin/python3.13 "$(uv python find 3.13 2>/dev/null </dev/null || true)"; do
    if [ -n "$candidate" ] && interpreter_behind "$candidate" 3.13; then return; fi
  done
  fail "Python 3.13 is needed and none was found (python3 is $(python3 -c 'import platform; print(platform.python_version())' \
    2>/dev/null || echo absent or broken)); install it, or say where it is: make setup PYTHON=/path/to/python3.13"
}

# Turns an installer's log into the one sentence a user needs.
explain_failure() {
  local name=$1 log=$2
  if [ "$name" = tagging-python-310 ] && ! (find_oldest_python) >/dev/null 2>&1; then
    fail "request_tag is tested with Python 3.10, which is not here and could not be fetched: put a python3.10 on PATH; see $log"
  fi
  if grep -qiE 'hash(es)? (mismatch|do not match)|do not match the hashes' "$log"; then
    fail "a download for $name does not match the hash in requirements/$name.txt, so it was refused; see $log"
  elif grep -qiE 'UnknownIssuer|invalid peer certificate|certificate verify failed' "$log"; then
    fail "the certificate of the package registry, or of the proxy before it, is not trusted: set SSL_CERT_FILE to a file with the certificate of who signed it, then run the same command again ($log has the details)."
  elif grep -qiE 'error sending request|failed to fetch|dns error|connect|timed out|could not find a version|no matching' "$log"; then
    fail "the package registry cannot be reached, and $name needs it: check the network or proxy, then run the same command again ($log has the details)."
  fi
  fail "$name could not be installed from requirements/$name.txt; see $log"
}

# Prints a uv that really runs: a shim on PATH may refuse. Installs the pinned one where there is none.
find_uv() {
  local log=.tools/setup-uv.log
  if uv --version >/dev/null 2>&1 </dev/null; then
    echo uv
  elif is_current uv; then
    echo .tools/uv/bin/uv
  else
    rm -rf .tools/uv
    "$python" -m venv .tools/uv >"$log" 2>&1 ||
      fail "uv is not installed and $python cannot make a virtual environment to put it in; install uv, or Python's venv module."
    .tools/uv/bin/python -m pip install --quiet --require-hashes --only-binary :all: -r requirements/uv.txt >>"$log" 2>&1 ||
      explain_failure uv "$log"
    recipe_of uv >.tools/uv/.made-from
    echo .tools/uv/bin/uv
  fi
}

# The oldest Python that request_tag runs on, for its tests: one that is there, else uv fetches one into .tools.
find_oldest_python() {
  local candidate shims
  shims=$(dirname "$(command -v python3.10 || echo "${PYENV_ROOT:-${HOME:-}/.pyenv}/shims/python3.10")")
  for candidate in python3.10 "$shims"/../versions/3.10*/bin/python3.10 .tools/python/*3.10*/bin/python3.10; do
    if interpreter_behind "$candidate" 3.10; then return; fi
  done
  UV_PYTHON_DOWNLOADS=manual UV_PYTHON_INSTALL_DIR=.tools/python "$uv" python install --quiet --no-bin 3.10 >&2 &&
    interpreter_behind "$(echo .tools/python/*3.10*/bin/python3.10)" 3.10
}

# Joined by && because `set -e` sleeps in a function whose failure is handled by its caller.
make_environment() {
  local name=$1 directory interpreter=$python
  directory=$(directory_of "$name")
  if [ "$name" = tagging-python-310 ]; then
    interpreter=$(find_oldest_python) || return 1
  fi
  # Scripts in an environment carry its path, and an interrupted one may be half made: both start anew.
  was_made_here "$directory" || rm -rf "$directory"
  rm -f "$directory/.made-from"
  "$uv" venv --quiet --allow-existing --python "$interpreter" "$directory" &&
    "$uv" pip sync --quiet --require-hashes --python "$directory/bin/python" "requirements/$name.txt" &&
    { [ "$name" != dev ] || install_this_repository "$directory"; } &&
    recipe_of "$name" >"$directory/.made-from"
}

# Editable: the packages stay where they are, and .venv/bin/request-lens runs them.
install_this_repository() {
  "$uv" pip install --quiet --no-deps --no-build-isolation --python "$1/bin/python" --editable .
}

link_commands() {
  mkdir -p .tools/bin
  ln -sf ../sam/bin/sam ../aws-cli/bin/aws ../local-aws/bin/ministack .tools/bin/
  [ ! -x .tools/uv/bin/uv ] || ln -sf ../uv/bin/uv .tools/bin/ # `make lock` needs one, too
  # A symbolic link to an environment's interpreter would lose the environment, and with it pip.
  printf '#!/bin/sh\nexec "%s/.tools/sam/bin/python" "$@"\n' "$root" >.tools/bin/python3.13
  chmod +x .tools/bin/python3.13
}

stale=
for name in ${*:-dev sam local-aws aws-cli}; do
  is_current "$name" || stale="$stale $name"
done
if [ -z "$stale" ] && [ -x .tools/bin/python3.13 ]; then exit 0; fi

mkdir -p .tools
python=$(find_python)
uv=$(find_uv)
for name in $stale; do
  echo "setup: installing $name into $(directory_of "$name")"
  make_environment "$name" >".tools/setup-$name.log" 2>&1 || explain_failure "$name" ".tools/setup-$name.log"
done
link_commands
echo "setup: ready in ${SECONDS} s"
