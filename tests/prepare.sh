#!/usr/bin/env bash
# Installs the system programs that the tests talk to, where it may; otherwise says how. With CI=true a missing one fails.
set -euo pipefail

declare -A package=([chromium]=chromium [postfix]=postfix [nginx]=nginx-light [caddy]=caddy [opendkim]=opendkim [initdb]=postgresql)
PATH="$PATH:/usr/sbin:$(echo /usr/lib/postgresql/*/bin | tr " " ":")"

missing=()
for program in "${!package[@]}"; do
  command -v "$program" >/dev/null || missing+=("${package[$program]}")
done
# Without a Chinese font the pages still work, but nobody can see what the screenshots show.
fc-list 2>/dev/null | grep -qi 'noto.*cjk' || missing+=(fonts-noto-cjk)
[ "${#missing[@]}" -eq 0 ] && exit 0

if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
  echo "installing ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  if apt-get update -qq >/dev/null && apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null; then
    exit 0
  fi
  echo "apt-get could not install ${missing[*]}" >&2
else
  echo "some tests need system packages; without them they are skipped by name. To run them:" >&2
  echo "    sudo apt-get update && sudo apt-get install -y ${missing[*]}" >&2
fi
[ "${CI:-}" = "true" ] && { echo "CI=true: all of them are needed" >&2; exit 1; }
exit 0
