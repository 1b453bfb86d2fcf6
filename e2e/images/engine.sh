#!/bin/sh
# Makes sure that a Docker engine runs. What it does, in this order:
#   an engine that answers is used as it is;
#   a Debian or Ubuntu machine, as root: installs Debian's docker.io when there is no dockerd, and starts the daemon;
#   anywhere else: says in one line how to get an engine, or how to test without one.
#
#   engine.sh          make sure that one runs (exit status 0), or say why not (4)
#   engine.sh stop     end the daemon that this script has started, and no other
#
# The daemon's process id and log are in build/ (another folder: SAGAPACT_BUILD). Asks nothing, reads no standard input.
set -eu
exec </dev/null

cd "$(dirname "$0")/../.."
BUILD=${SAGAPACT_BUILD:-build}
PID_FILE=$BUILD/engine.pid
LOG=$BUILD/engine.log
WITHOUT="or run the tests without containers: make test CONTAINERS=no"

say() { echo "engine: $*"; }
fail() { echo "engine: $*" >&2; exit 4; }

answer() { # what the engine says of itself; fails when none answers in time
    timeout 20 docker info --format 'Docker {{.ServerVersion}}, storage {{.Driver}}, {{.Architecture}}' 2>"$BUILD/engine.trouble"
}

answers() { # dockerd's command line exits with 0 on some errors, but prints no version then
    SAID=$(answer) && case $SAID in "Docker ,"*) false ;; *) true ;; esac
}

install_engine() {
    say "no engine here: installing docker.io with apt (log: $LOG)"
    export DEBIAN_FRONTEND=noninteractive
    set -- -o DPkg::Lock::Timeout=120 -o Acquire::Retries=3
    {
        apt-get "$@" update &&
        apt-get "$@" install -y --no-install-recommends docker.io iptables &&
        { command -v docker >/dev/null || apt-get "$@" install -y --no-install-recommends docker-cli; }
    } >>"$LOG" 2>&1 || fail "docker.io could not be installed (see $LOG). Install a Docker engine by hand, $WITHOUT"
}

launch() { # start dockerd with the given options; true when it answers
    echo "--- dockerd $*" >>"$LOG"
    nohup setsid dockerd --pidfile "$PWD/$PID_FILE" "$@" >>"$LOG" 2>&1 &
    daemon=$!
    tries=0
    while [ "$tries" -lt 120 ]; do
        if answers; then return 0; fi
        kill -0 "$daemon" 2>/dev/null || return 1
        sleep 0.25
        tries=$((tries + 1))
    done
    kill "$daemon" 2>/dev/null || true
    wait "$daemon" 2>/dev/null || true
    return 1
}

start_engine() {
    # A sandbox may forbid the firewall: then nothing is forwarded at all, so that no container gets out either way.
    # A file system may not carry overlays: then layers are copied.
    no_firewall="--iptables=false --ip6tables=false --ip-forward=false --ip-masq=false"
    # shellcheck disable=SC2086  # the options are words
    if launch; then say "started dockerd: $SAID"
    elif launch $no_firewall; then say "started dockerd without firewall: $SAID"
    elif launch --storage-driver=vfs $no_firewall; then say "started dockerd without firewall and overlays: $SAID"
    else
        tail -n 5 "$LOG" >&2
        fail "dockerd does not start here (its last lines are above, all of them in $LOG). Mend that, $WITHOUT"
    fi
}

stop_engine() {
    [ -s "$PID_FILE" ] || { say "none was started here"; return 0; }
    pid=$(cat "$PID_FILE")
    case $(ps -o comm= -p "$pid" 2>/dev/null) in dockerd) ;; *) rm -f "$PID_FILE"; say "it has ended already"; return 0 ;; esac
    kill "$pid"
    while kill -0 "$pid" 2>/dev/null; do sleep 0.2; done
    say "ended"
}

mkdir -p "$BUILD"
case ${1:-start} in
    start) ;;
    stop) stop_engine; exit 0 ;;
    *) fail "unknown word '$1'. Say: engine.sh [stop]" ;;
esac

if command -v docker >/dev/null && answers; then
    say "using the one that runs: $SAID"
elif [ -n "${DOCKER_HOST:-}" ]; then
    fail "DOCKER_HOST names $DOCKER_HOST, where none answers. Start it or unset DOCKER_HOST, $WITHOUT"
elif grep -qi "permission denied" "$BUILD/engine.trouble" 2>/dev/null; then
    fail "one runs, but $(id -un) may not use it. Add the user to the group docker (sudo usermod -aG docker $(id -un), then log in anew), $WITHOUT"
elif [ "$(uname -s)" != Linux ] || ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
    fail "no Docker engine answers. Start Docker Desktop or the docker service, or run this as root on Debian or Ubuntu, $WITHOUT"
else
    command -v dockerd >/dev/null || install_engine
    if [ -d /run/systemd/system ] && systemctl start docker >>"$LOG" 2>&1 && answers; then say "started the service docker: $SAID"
    else start_engine
    fi
fi
