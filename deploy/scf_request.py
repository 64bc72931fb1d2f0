"""Prints the parameters of one SCF API call for tccli.sh: `python3 scf_request.py ACTION KEY [TIMEOUT]`.

Source: SCF API 2018-04-16. Only the standard library, so that any Python 3 will do.
"""

import base64
import json
import os
import sys
from pathlib import Path

SETTINGS = (
    *("TRTC_SDK_APP_ID", "TRTC_SDK_SECRET_KEY", "TRTC_CALLBACK_KEY", "TRTC_ENDPOINT"),
    *("SCF_ENDPOINT", "LEDGER_URL", "DRAIN_FUNCTION", "STARTS_PER_S_CLOUD", "STARTS_PER_S_AI"),
    *("TASK_QUOTA", "TRANSCRIPT_LINK_KEY", "TRANSCRIPT_KEEP_DAYS", "LOG_LEVEL"),
)
MEMORY_MB = {"read_transcript": 128}  # a transcript of some hours is read as a whole
LEAST_MEMORY_MB = 64
FUNCTION_URL = {
    "TriggerName": "url-trigger",
    "Type": "http",
    "TriggerDesc": json.dumps(
        {"AuthType": "NONE", "NetConfig": {"EnableExtranet": True, "EnableIntranet": False}}
    ),
}
HANDLERS = {"transcription_events": "trtc_callback"}  # those of another name than their function
TRIGGERS = {
    "trtc_callback": FUNCTION_URL,
    "transcription_events": FUNCTION_URL,
    "read_transcript": FUNCTION_URL,
    "drain_starts": {
        "TriggerName": "drain-starts",
        "Type": "timer",
        "TriggerDesc": "*/30 * * * * * *",
    },
}


def main() -> None:
    """Print one request."""
    action, key, *timeout_s = sys.argv[1:]
    request: dict[str, object] = {"FunctionName": f"roomscribe-{os.environ['STAGE']}-{key}"}
    if action == "CreateFunction":
        request["Runtime"] = "Python3.10"
    if action in ("CreateFunction", "UpdateFunctionCode"):
        handler = f"{HANDLERS.get(key, key)}.main_handler"
        request |= {"Handler": handler, "Code": read_code()}
    if action in ("CreateFunction", "UpdateFunctionConfiguration"):
        request |= describe_configuration(key, int(timeout_s[0]))
    if action == "UpdateFunctionEventInvokeConfig":
        request["AsyncTriggerConfig"] = {"RetryConfig": [{"RetryNum": 0}], "MsgTTL": 60}
    if action == "CreateTrigger":
        request |= {**TRIGGERS[key], "Qualifier": "$DEFAULT", "Enable": "OPEN"}
    json.dump(request, sys.stdout)


def read_code() -> dict[str, str]:
    """The package itself; the API takes up to 50 MB of it."""
    return {"ZipFile": base64.b64encode(Path(os.environ["PACKAGE"]).read_bytes()).decode()}


def describe_configuration(key: str, timeout_s: int) -> dict[str, object]:
    """Everything about a function but its code; a setting that is empty keeps its default."""
    given = {name: os.environ[name] for name in SETTINGS if os.environ.get(name)}
    vpc = {"VpcId": os.environ.get("VPC_ID", ""), "SubnetId": os.environ.get("SUBNET_ID", "")}
    return {
        "MemorySize": MEMORY_MB.get(key, LEAST_MEMORY_MB),
        "Timeout": timeout_s,
        "Role": os.environ["ROLE"],
        "Environment": {
            "Variables": [{"Key": name, "Value": value} for name, value in given.items()]
        },
        "PublicNetConfig": {"PublicNetStatus": "ENABLE", "EipConfig": {"EipStatus": "DISABLE"}},
        **({"VpcConfig": vpc} if all(vpc.values()) else {}),
    }


if __name__ == "__main__":
    main()
