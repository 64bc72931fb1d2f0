#!/bin/sh
# Deploys the package with Tencent's own command line (pip install tccli), where `scf deploy` will not do:
# every function of serverless.yml, the function URL, the timer. Safe to run again: what exists is updated.
#   [TRANSCRIPTION_EVENTS=apart] sh deploy/tccli.sh [dist/roomscribe.zip]
set -eu
cd "$(dirname "$0")/.."
package=${1:-dist/roomscribe.zip}
[ -f "$package" ] || { echo "$package is not there; make it with: ./roomscribe package" >&2; exit 1; }
command -v tccli >/dev/null || { echo "tccli is not installed: pip install tccli" >&2; exit 1; }
[ ! -f .env ] || { set -a; . ./.env; set +a; }
for name in STAGE REGION ROLE TRTC_SDK_APP_ID TRTC_SDK_SECRET_KEY TRTC_CALLBACK_KEY LEDGER_URL; do
    eval "[ -n \"\${$name:-}\" ]" || { echo "$name: not set; see .env.example" >&2; exit 1; }
done
export STAGE PACKAGE="$package" DRAIN_FUNCTION="roomscribe-$STAGE-drain_starts"
export TENCENTCLOUD_SECRET_ID="${TENCENT_SECRET_ID:-${TENCENTCLOUD_SECRET_ID:-}}"
export TENCENTCLOUD_SECRET_KEY="${TENCENT_SECRET_KEY:-${TENCENTCLOUD_SECRET_KEY:-}}"
umask 077
requests=$(mktemp -d)
trap 'rm -rf "$requests"' EXIT

# call ACTION KEY [TIMEOUT]: one API call; its parameters go through a file, so that no secret is in a command.
call() {
    python3 deploy/scf_request.py "$@" >"$requests/$1.json"
    tccli scf "$1" --region "$REGION" ${SCF_ENDPOINT:+--endpoint "$SCF_ENDPOINT"} --cli-input-json "file://$requests/$1.json"
}

# settle KEY: wait until SCF has taken a change in.
settle() {
    tccli scf GetFunction --region "$REGION" ${SCF_ENDPOINT:+--endpoint "$SCF_ENDPOINT"} \
        --FunctionName "roomscribe-$STAGE-$1" \
        --waiter "{'expr':'Status','to':'Active','timeout':180,'interval':2}" >/dev/null
}

# deploy KEY TIMEOUT
deploy() {
    if call GetFunction "$1" >/dev/null 2>&1; then
        echo "updating roomscribe-$STAGE-$1"
        call UpdateFunctionCode "$1" >/dev/null
        settle "$1"
        call UpdateFunctionConfiguration "$1" "$2" >/dev/null
    else
        echo "creating roomscribe-$STAGE-$1"
        call CreateFunction "$1" "$2" >/dev/null
    fi
    settle "$1"
}

# trigger KEY: the one that belongs to the function, if it is not there yet.
trigger() {
    call ListTriggers "$1" | grep -q '"TriggerName"' || call CreateTrigger "$1" >/dev/null
}

deploy trtc_callback 6
deploy start_transcription 10
deploy stop_transcription 10
deploy describe_room 10
deploy read_transcript 10
deploy delete_transcript 10
deploy drain_starts 60
call UpdateFunctionEventInvokeConfig drain_starts >/dev/null
trigger trtc_callback
trigger read_transcript
trigger drain_starts
callbacks=trtc_callback
if [ "${TRANSCRIPTION_EVENTS:-}" = apart ]; then # docs/deploy.md, "Two deployments of the callback"
    callbacks="$callbacks transcription_events"
    deploy transcription_events 6
    trigger transcription_events
fi
for key in $callbacks; do
    echo "the function URL of $key, for the TRTC console, stands in this trigger:"
    call ListTriggers "$key"
done
