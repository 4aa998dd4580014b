#!/bin/sh
# Installs what is missing: the npm packages, and the tools that check the Verilog. Says what it does before it does it, and
# what will not be checked where a tool cannot be had.
#
#   scripts/setup.sh            for building and for the demo: Verilator and a C++ compiler
#   scripts/setup.sh --tests    for the tests: Icarus Verilog and Yosys as well
set -eu
cd "$(dirname "$0")/.."

say() { printf '%s\n' "setup: $*"; }

if ! command -v node >/dev/null 2>&1; then
  say 'Node.js is not there. qcc needs Node 20.12 or newer: https://nodejs.org, or your system'"'"'s package.' >&2
  exit 1
fi
if ! node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 12) ? 0 : 1)'; then
  say "Node.js $(node --version) is too old. qcc needs 20.12 or newer." >&2
  exit 1
fi

if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  say 'installing the npm packages (npm ci)'
  npm ci --no-audit --no-fund
  touch node_modules/.package-lock.json
fi

packages=''
unchecked=''
need() { # program, Debian packages, what is not checked without it
  if ! command -v "$1" >/dev/null 2>&1; then
    packages="$packages $2"
    unchecked="$unchecked
  $1: $3"
  fi
}
need "${VERILATOR:-verilator}" verilator 'that the generated Verilog computes the same, in the same cycles'
need "${CXX:-g++}" 'g++' 'the same (it compiles what Verilator makes)'
if [ "${1:-}" = --tests ]; then
  need iverilog iverilog 'that the testbench passes in Icarus Verilog, with no X after reset'
  need yosys yosys 'that the Verilog synthesizes cleanly, and that both bodies of a module are equal'
fi
[ -n "$packages" ] || exit 0

root=''
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo >/dev/null 2>&1; then root=none
  elif [ -t 0 ]; then root=sudo
  elif sudo -n true 2>/dev/null; then root='sudo -n'
  else root=none
  fi
fi

if command -v apt-get >/dev/null 2>&1 && [ "$root" != none ]; then
  say "installing by the system's package manager: ${root:+$root }apt-get install$packages"
  if DEBIAN_FRONTEND=noninteractive $root apt-get install -y --no-install-recommends $packages >/dev/null 2>&1; then exit 0; fi
  # the lists of a fresh machine are empty
  if $root apt-get update >/dev/null 2>&1 &&
    DEBIAN_FRONTEND=noninteractive $root apt-get install -y --no-install-recommends $packages >/dev/null 2>&1; then exit 0; fi
  say 'that did not work; going on without.'
else
  say "missing, and not installed (that takes apt-get and root):$packages"
fi
say "what will NOT be checked:$unchecked"
