#!/bin/sh
# Installs the system packages the tests use where that is allowed, and says what is missing where it is not.
# chromium: tests/pages opens the local page in a real browser.
# openssl: the tests of the API client make a certificate with it; the package's are named by it.
# npm: the emulator is driven by Tencent's SDKs for Node, too, which come into .venv/node.
# redis-server: the ledger's tests run servers of their own, on ports of their own, never Debian's service.
set -u
missing=""
list_missing() {
    missing=""
    for command in chromium npm openssl redis-server; do
        command -v "$command" >/dev/null 2>&1 || missing="$missing $command"
    done
}

install_packages() {
    echo "installing:$missing"
    log=$(mktemp)
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $missing; } >"$log" 2>&1 ||
        tail -n 5 "$log" >&2
    list_missing
}

# Once for each state of the lock file, whose copy says which is installed.
install_node_sdks() {
    here=$(dirname "$0") node=$(dirname "$0")/../.venv/node
    cmp -s "$here/package-lock.json" "$node/installed.json" && return
    echo "installing tests/package.json into .venv/node"
    mkdir -p "$node"
    cp "$here/package.json" "$here/package-lock.json" "$node/"
    if (cd "$node" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error); then
        cp "$here/package-lock.json" "$node/installed.json"
    else
        echo "MISSING: Tencent's SDKs for Node; npm says above why. Tests that need them are skipped." >&2
    fi
}

list_missing
if [ -n "$missing" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    install_packages
fi
command -v npm >/dev/null 2>&1 && install_node_sdks
[ -z "$missing" ] ||
    echo "MISSING:$missing. Tests that need them are skipped; install with: apt-get install$missing" >&2
exit 0
