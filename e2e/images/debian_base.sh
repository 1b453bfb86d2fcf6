#!/bin/sh
# Makes a base image from Debian's packages, for machines that reach Debian's packages but no registry of images.
# It stands in for python:3.11-slim-bookworm: Debian bookworm's own Python is 3.11, too.
#
#   debian_base.sh IMAGE     needs root on a Debian machine
#
# The packages come from where this machine's own apt gets them (another place: DEBIAN_MIRROR).
set -eu
exec </dev/null
IMAGE=$1
SUITE=bookworm
INCLUDE=ca-certificates,python3,python3-venv

fail() { echo "base image: $*" >&2; exit 4; }

[ "$(id -u)" = 0 ] && command -v apt-get >/dev/null ||
    fail "no registry of images can be reached, and a base image can be made from Debian's packages only as root on Debian. Name one that is here: SAGAPACT_BASE_IMAGE=…"
if ! command -v mmdebstrap >/dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    set -- -o DPkg::Lock::Timeout=120 -o Acquire::Retries=3
    { apt-get "$@" update && apt-get "$@" install -y --no-install-recommends mmdebstrap; } >&2 ||
        fail "mmdebstrap could not be installed. Install it by hand: apt-get install mmdebstrap"
fi
mirror=${DEBIAN_MIRROR:-$(apt-get indextargets --format '$(CODENAME) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' |
    awk -v suite="$SUITE" '$1 == suite && $2 == "main" { print $3; exit }')}
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
# Documents, translations and lists of packages are left out; the byte code of Python's library is kept.
mmdebstrap --quiet --mode=root --variant=minbase --include="$INCLUDE" \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' --aptopt='Acquire::Languages "none"' \
    "$SUITE" "$root/base.tar" ${mirror:+"$mirror"} >&2 ||
    fail "Debian's packages could not be fetched. Name a mirror that answers: DEBIAN_MIRROR=…"
docker import --change 'CMD ["python3"]' --message 'made from Debian packages' "$root/base.tar" "$IMAGE" >/dev/null
