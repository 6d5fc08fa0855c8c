#!/usr/bin/env bash
# Puts the files of Debian's packages into a folder: no root, and nothing is installed.
#   scripts/unpack_debian.sh FOLDER PACKAGE...
# A package that is there already is left as it is. Ends with an error that names those that could not be had.
set -uo pipefail
mkdir -p "$1" && cd "$1" || exit 1
shift
lists=()
absent=()

fetch() {
  apt-get -qq -o APT::Sandbox::User=root "${lists[@]}" download "$1" 2>/dev/null
}

for package in "$@"; do
  [[ -e .$package.unpacked ]] && continue
  if ! fetch "$package" && [[ ${#lists[@]} == 0 ]]; then  # perhaps nobody ever asked for the lists of packages
    mkdir -p .apt/lists/partial .apt/cache/archives/partial
    lists=(-o "Dir::State::lists=$PWD/.apt/lists" -o "Dir::Cache=$PWD/.apt/cache")
    apt-get -qq -o APT::Sandbox::User=root "${lists[@]}" update >/dev/null 2>&1
    fetch "$package"
  fi
  if dpkg-deb -x "$package"_*.deb . 2>/dev/null; then
    rm -f "$package"_*.deb
    touch ".$package.unpacked"
  else
    absent+=("$package")
  fi
done
rm -rf .apt
[[ ${#absent[@]} == 0 ]] || { echo "Not to be had from Debian here: ${absent[*]}" >&2; exit 1; }
