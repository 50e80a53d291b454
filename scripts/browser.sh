#!/usr/bin/env bash
# Makes .tools/bin/chromium, the headless browser of the tests: one that is installed, else Debian's, unpacked below .tools.
# Nothing is installed on the system and no root is needed. CHROME names the browser to use.
# Every failure is one sentence on stderr and exit status 1.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
browser=$root/.tools/bin/chromium
unpacked=$root/.tools/chromium
log=$root/.tools/setup-chromium.log

fail() {
  echo "browser: $*" >&2
  exit 1
}

# A name on PATH may be a stub that only says what to install: what counts is that it draws a page.
draws() {
  local profile status=0
  profile=$(mktemp -d)
  "$1" --headless --no-sandbox --disable-gpu --no-first-run --user-data-dir="$profile" --dump-dom \
    'data:text/html,<p>drawn</p>' 2>>"$log" </dev/null | grep -q '<p>drawn</p>' || status=1
  rm -rf "$profile"
  return $status
}

# A wrapper, not a link: a browser finds its own files beside the path it was called by.
provide() {
  printf '#!/bin/sh\n%sexec "%s" "$@"\n' "${2:-}" "$1" >"$browser"
  chmod +x "$browser"
}

find_installed() {
  local candidate
  for candidate in chromium chromium-browser google-chrome google-chrome-stable chrome chrome-headless-shell \
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome' /Applications/Chromium.app/Contents/MacOS/Chromium; do
    candidate=$(PATH="${PATH#"$root/.tools/bin:"}" command -v "$candidate" 2>/dev/null) || continue
    if draws "$candidate"; then echo "$candidate" && return; fi
  done
  return 1
}

# Debian's headless shell and those of its dependencies that this system lacks.
missing_packages() {
  apt-get install --simulate --no-install-recommends chromium-headless-shell 2>>"$log" | awk '$1 == "Inst" { print $2 }'
}

unpack_debian_packages() {
  local packages libraries archive
  echo "browser: no Chromium is installed, so Debian's is unpacked into .tools/chromium (about 100 MB to download, 300 MB unpacked)"
  # Package lists may be absent or old, and only root may renew them; the download itself needs no root.
  [ "$(id -u)" -ne 0 ] || apt-get update --quiet >>"$log" 2>&1 || true
  packages=$(missing_packages)
  [ -n "$packages" ] || return 1
  rm -rf "$unpacked" && mkdir -p "$unpacked/archives" "$unpacked/root"
  # shellcheck disable=SC2086 # a list of names
  (cd "$unpacked/archives" && apt-get download --quiet $packages) >>"$log" 2>&1 || return 1
  for archive in "$unpacked"/archives/*.deb; do dpkg-deb --extract "$archive" "$unpacked/root"; done
  rm -rf "$unpacked/archives"
  libraries=$(find "$unpacked/root/usr/lib" -name '*.so*' -path '*-linux-gnu*' -exec dirname {} + | sort -u | paste -sd : -)
  provide "$unpacked/root/usr/lib/chromium/chromium-headless-shell" "LD_LIBRARY_PATH=\"$libraries\" "
  draws "$browser"
}

mkdir -p .tools/bin
if [ -n "${CHROME:-}" ]; then
  draws "$CHROME" || fail "CHROME=$CHROME does not draw a page; name a Chromium or Chrome that does, or leave CHROME unset."
  provide "$CHROME"
  exit 0
fi
if [ -x "$browser" ] && draws "$browser"; then exit 0; fi
if installed=$(find_installed); then
  provide "$installed"
elif command -v apt-get >/dev/null && unpack_debian_packages; then
  echo "browser: ready in ${SECONDS} s"
else
  rm -f "$browser"
  fail "the tests need Chromium or Chrome and none was found; install one, or say where it is: make test CHROME=/path/to/chrome"
fi
