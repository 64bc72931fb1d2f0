#!/bin/sh
# Deploys the package with Tencent's own command line, tccli: every function, the function URLs, the timer. Safe to run
# again: what exists is updated, and what failed or was changed by somebody is mended.
#   [TRANSCRIPTION_EVENTS=apart] sh deploy/tccli.sh [PACKAGE | --previous]        without PACKAGE: dist/roomscribe.zip
# Settings come from the environment, completed from .env; ROOMSCRIBE_ENV_FILE names another file.
set -eu
root=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd -P)
env_file=${ROOMSCRIBE_ENV_FILE:-$root/.env}
if [ -r "$env_file" ]; then
    given=$(export -p)
    trap 'echo "error: $env_file: a line is no NAME=value for sh; ./roomscribe doctor says which" >&2' EXIT
    set -a
    # Without the mark and the line ends that Windows' editors leave.
    eval "$(LC_ALL=C sed "1s/^$(printf '\357\273\277')//" "$env_file" | tr -d '\r')"
    set +a
    trap - EXIT
    eval "$given"
elif [ -n "${ROOMSCRIBE_ENV_FILE:-}" ]; then
    echo "error: ROOMSCRIBE_ENV_FILE: $env_file cannot be read" >&2
    exit 1
fi
python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null || {
    echo "error: python3 is missing or older than 3.10; ./roomscribe deploy brings its own along" >&2
    exit 1
}
exec python3 -B "$root/deploy" "$@"
