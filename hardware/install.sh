#!/usr/bin/env bash
# Brings what the hardware is built with and pip does not have: KiCad 9 with its libraries, and small tools.
#
# Debian 12 has KiCad 6, which checks and exports nothing without a window; its backports have 9. Where this machine takes its
# packages from, the backports are as well, so that suite is added beside Debian's own (haochaping-backports.sources; apt takes
# nothing from it unless asked by name). A Debian whose own suite has KiCad 9 needs no more.
# When everything is there it ends at once and without root.
set -euo pipefail
export LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive

NEEDED=9
KICAD=(kicad kicad-symbols kicad-footprints)
TOOLS=(faketime graphviz librsvg2-bin poppler-utils python3-jsonschema)
ETC=${HCP_ETC:-/etc} # another one in tests
ADDED=$ETC/apt/sources.list.d/haochaping-backports.sources

give_up() {
  printf 'hardware/install.sh: %s\n' "$*" >&2
  exit 1
}

apt() { apt-get -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "$@"; }

# the installed version of a package, or nothing
version() { dpkg-query -W -f '${db:Status-Status} ${Version}' "$1" 2>/dev/null | sed -n 's/^installed //p'; }

right() { [ -n "$1" ] && dpkg --compare-versions "$1" ge "$NEEDED" && ! newer "$1"; }

newer() { [ -n "$1" ] && dpkg --compare-versions "$1" ge "$((NEEDED + 1))~"; }

missing() {
  local package
  for package in "${KICAD[@]}"; do right "$(version "$package")" || echo "$package"; done
  for package in "${TOOLS[@]}"; do [ -n "$(version "$package")" ] || echo "$package"; done
}

# the version of KiCad that apt would take, or nothing
candidate() { apt-cache policy kicad | sed -n 's/^  Candidate: \([0-9].*\)/\1/p'; }

# where this machine reads a suite (codename, origin) from
places() {
  # shellcheck disable=SC2016 # apt fills these in
  apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Component: main' "Codename: $1" "Origin: $2" | sort -u
}

# How this machine trusts a place: the Signed-By of the entry that names it, in a .sources or in a one-line file.
signed_by() {
  local file
  for file in "$ETC"/apt/sources.list.d/*.sources; do
    [ -f "$file" ] && grep -v '^#' "$file" | awk -v place="${1%/}" '
      BEGIN { RS = ""; FS = "\n" }
      {
        named = 0; kept = ""; inside = 0
        for (n = 1; n <= NF; n++) {
          inside = ($n ~ /^Signed-By:/) || (inside && $n ~ /^[ \t]/)
          if (inside) kept = kept $n "\n"
          if (index($n " ", place " ") || index($n " ", place "/ ")) named = 1
        }
        if (named) { printf "%s", kept; exit }
      }'
  done
  for file in "$ETC"/apt/sources.list "$ETC"/apt/sources.list.d/*.list; do
    [ -f "$file" ] && grep -F " ${1%/}" "$file" |
      sed -nE 's/^deb +\[([^]]* )?signed-by=([^] ]*).*/Signed-By: \2/p'
  done
  true
}

add_backports() {
  local codename=$1 place trust
  for place in $(places "$codename" Debian); do
    trust=$(signed_by "$place" | awk '/^Signed-By:/ && seen++ { exit } { print }')
    printf 'Types: deb\nURIs: %s\nSuites: %s-backports\nComponents: main\n%s\n\n' "$place" "$codename" "$trust" |
      cat -s
  done > "$ADDED"
  if ! [ -s "$ADDED" ] || ! apt update; then
    rm -f "$ADDED"
    give_up "KiCad $NEEDED is in $codename-backports, and where this machine takes Debian's packages from has no such suite."
  fi
}

# The names that apt is asked for: KiCad from the backports where the machine's own suite is too old.
chosen() {
  local codename offered
  [[ " $* " == *" kicad"* ]] || { printf '%s\n' "$@"; return; }
  offered=$(candidate)
  right "$offered" && { printf '%s\n' "$@"; return; }
  ! newer "$offered" || give_up "KiCad $NEEDED is needed, and this system offers $offered: its rules and variables are others."
  codename=$(grep -qx 'ID=debian' "$ETC"/os-release && sed -n 's/^VERSION_CODENAME=//p' "$ETC"/os-release) || true
  [ -n "$codename" ] || give_up "KiCad $NEEDED is needed, and this system offers ${offered:-none}. For Ubuntu its makers keep it:" \
    "sudo add-apt-repository ppa:kicad/kicad-$NEEDED.0-releases, then this script again. Debian 12 and 13 have it."
  [ -n "$(places "$codename-backports" 'Debian Backports')" ] || add_backports "$codename"
  printf '%s\n' "$@" | sed "s/^kicad.*/&\/$codename-backports/"
}

main() {
  local wanted said
  command -v dpkg-query apt-get > /dev/null ||
    give_up "This is no Debian. Install KiCad $NEEDED with its libraries, ${TOOLS[*]} by other means."
  ! newer "$(version kicad)" ||
    give_up "KiCad $(version kicad) is installed, and $NEEDED is needed: its rules and variables are others."
  wanted=$(missing | tr '\n' ' ')
  [ -n "$wanted" ] || return 0
  [ "$(id -u)" = 0 ] || give_up "Missing: ${wanted% }. Only root may install them: sudo hardware/install.sh"
  echo "Installing ${wanted% } (a fresh machine loads 280 MB) ..."
  apt update || give_up "apt-get update failed: without it nobody knows what there is to install."
  # shellcheck disable=SC2046,SC2086 # words on purpose
  set -- $(chosen $wanted)
  [ $# -gt 0 ] || exit 1
  said=$(apt install -y --no-install-recommends "$@" 2>&1) ||
    give_up "apt-get could not install $*: $(printf '%s\n' "$said" | tail -n 12)"
  wanted=$(missing | tr '\n' ' ')
  [ -z "$wanted" ] || give_up "Still missing after apt-get install: ${wanted% }."
  echo "KiCad $(version kicad) is installed."
}

main "$@"
