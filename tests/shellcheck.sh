#!/bin/bash
# Every shell script of the tree, and the boot scripts the program writes (their golden files), pass shellcheck and bash -n.
set -euo pipefail
cd "$(dirname "$0")/.."
mapfile -t scripts < <({
  grep -lE '^#!/bin/(ba)?sh' check try .ci/run scripts/* 2>/dev/null
  find tests bench -name '*.sh'
} | sort -u)
for script in "${scripts[@]}"; do bash -n "$script"; done
if ! command -v shellcheck >/dev/null; then
  echo "shellcheck is not installed: scripts only parsed"
  [[ ${CI:-} != true ]]
  exit
fi
shellcheck "${scripts[@]}"
echo "${#scripts[@]} scripts are clean"
