#!/bin/sh
# Installs the system packages the tests use where that is allowed, and says what is missing where it is not.
# chromium: tests/live opens the local page in a real browser.
# openssl: the tests of the API client make a certificate with it.
# redis-server: the ledger's tests run servers of their own, on ports of their own, never Debian's service.
set -u
missing=""
for command in chromium openssl redis-server; do
    command -v "$command" >/dev/null 2>&1 || missing="$missing $command"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "installing:$missing"
    log=$(mktemp)
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $missing; } >"$log" 2>&1 && exit 0
    tail -n 5 "$log" >&2
fi
echo "MISSING:$missing. Tests that need them are skipped; install with: apt-get install$missing" >&2
exit 0
