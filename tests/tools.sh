#!/usr/bin/env bash
# The programs that some tests need beside Python: a browser, a PostgreSQL server, Node.js with npm, Java with Maven, and docker-compose.
# Uses what is there; as root on Debian or Ubuntu it installs what is missing and says so; elsewhere it says which tests will be left out.
set -u

missing=()
command -v chromium >/dev/null || missing+=(chromium)
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing+=(postgresql)
command -v npm >/dev/null || missing+=(nodejs npm)
command -v mvn >/dev/null || missing+=(maven) # with a Java of its own
docker compose version >/dev/null 2>&1 || command -v docker-compose >/dev/null || missing+=(docker-compose)
[ "${#missing[@]}" -eq 0 ] && exit 0

if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
  echo "installing ${missing[*]} for the tests (apt-get)"
  export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 # run level 1: services are installed, not started
  log=$(mktemp)
  if apt-get update -q >"$log" 2>&1 && apt-get install -q -y --no-install-recommends "${missing[@]}" >>"$log" 2>&1; then
    rm -f "$log"
    exit 0
  fi
  tail -5 "$log"
fi
echo "tests that need ${missing[*]} will be left out; install them to run those too (Debian: apt-get install ${missing[*]})"
