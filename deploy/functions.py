"""What is deployed: the functions of serverless.yml, as SCF's API takes them. Source: SCF API 2018-04-16."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from deploy.settings import PASSED_ON

Json = dict[str, Any]

RUNTIME = "Python3.10"
LEAST_MEMORY_MB = 64
QUALIFIER = "$DEFAULT"
CRON = "*/30 * * * * * *"  # second minute hour day month weekday year
URL_NAME = "url-trigger"


@dataclass(frozen=True)
class Function:
    """One function; `module` is its handler's, `runs_by` what runs it beside Invoke."""

    key: str
    timeout_s: int
    memory_mb: int = LEAST_MEMORY_MB
    module: str = ""
    runs_by: Literal["url", "timer"] | None = None
    gives_up_at_once: bool = False  # a failed event is not repeated, and kept for a minute only
    limited_by: str = ""  # the setting that says how much memory its instances have together
    returns_words: bool = False  # what people said, which SCF would write into its log

    @property
    def handler(self) -> str:
        return f"{self.module or self.key}.main_handler"

    @property
    def file(self) -> str:
        """The file in the package that holds the handler."""
        return f"{self.module or self.key}.py"

    @property
    def timer_name(self) -> str:
        """The name of the timer that runs it."""
        return self.key.replace("_", "-")


FUNCTIONS = (
    # The timer comes again sooner than SCF's first repetition, which waits a minute.
    Function(
        *("drain_starts", 60),
        runs_by="timer",
        gives_up_at_once=True,
        limited_by="DRAIN_CONCURRENCY_MB",
    ),
    # TRTC waits 5 s.
    Function("trtc_callback", 6, runs_by="url", limited_by="CALLBACK_CONCURRENCY_MB"),
    Function("start_transcription", 10),
    Function("stop_transcription", 10),
    Function("describe_room", 10),
    Function(
        *("read_transcript", 10),
        memory_mb=128,  # hours are read as a whole
        runs_by="url",
        limited_by="READ_CONCURRENCY_MB",
        returns_words=True,
    ),
    Function("delete_transcript", 10),
    Function("deliver", 60, memory_mb=128, runs_by="timer", gives_up_at_once=True),
    Function("set_people", 10),
    Function("check_deployment", 20),  # three calls, one after the other
    Function("deliveries", 60),  # a test waits for every endpoint
    Function("describe_fleet", 10),
    Function("list_missed", 10),
    Function("reconcile_rooms", 60),  # hundreds of rooms, one after another
)
APART = Function(
    *("transcription_events", 6),
    module="trtc_callback",
    runs_by="url",
    limited_by="CALLBACK_CONCURRENCY_MB",
)


def choose_functions(environ: Mapping[str, str]) -> tuple[Function, ...]:
    """All functions; with TRANSCRIPTION_EVENTS=apart a second one for callbacks."""
    apart = environ.get("TRANSCRIPTION_EVENTS") == "apart"
    return (*FUNCTIONS, APART) if apart else FUNCTIONS


def name_function(environ: Mapping[str, str], key: str) -> str:
    """The name of a function on SCF."""
    return f"roomscribe-{environ['STAGE']}-{key}"


def describe_code(function: Function, package: Path) -> Json:
    """The code, and where in it the function begins."""
    archive = base64.b64encode(package.read_bytes()).decode()
    return {"Handler": function.handler, "Code": {"ZipFile": archive}}


def describe_configuration(function: Function, environ: Mapping[str, str]) -> Json:
    """Everything about a function but its code."""
    vpc = {"VpcId": environ.get("VPC_ID", ""), "SubnetId": environ.get("SUBNET_ID", "")}
    return {
        "MemorySize": function.memory_mb,
        "Timeout": function.timeout_s,
        "Role": environ["ROLE"],
        "Environment": {"Variables": list_variables(environ)},
        "PublicNetConfig": {"PublicNetStatus": "ENABLE", "EipConfig": {"EipStatus": "DISABLE"}},
        **({"VpcConfig": vpc} if all(vpc.values()) else {}),
    }


def is_configured(found: Json, wanted: Json) -> bool:
    """Whether SCF tells of a function just what is wanted of it."""
    kept = ("MemorySize", "Timeout", "Role", *(["VpcConfig"] if "VpcConfig" in wanted else []))
    public = (found.get("PublicNetConfig") or {}).get("PublicNetStatus")
    return (
        all(found.get(name) == wanted[name] for name in kept)
        and read_variables(found) == read_variables(wanted)
        and public == wanted["PublicNetConfig"]["PublicNetStatus"]
    )


def read_variables(configuration: Json) -> dict[str, str]:
    """The environment in a request or an answer."""
    variables = (configuration.get("Environment") or {}).get("Variables") or []
    return {one["Key"]: one["Value"] for one in variables}


def list_variables(environ: Mapping[str, str]) -> list[Json]:
    """The functions' environment; SCF refuses empty values, and a setting that is empty has its default."""
    named = {"DRAIN_FUNCTION": name_function(environ, "drain_starts")}
    given = {**environ, **named, "LEDGER_NAME": environ.get("LEDGER_NAME") or environ["STAGE"]}
    return [{"Key": name, "Value": given[name]} for name in PASSED_ON if given.get(name)]


def describe_event_settings() -> Json:
    """What becomes of events that a function failed with; serverless.yml's component has no way to say it."""
    return {"AsyncTriggerConfig": {"RetryConfig": [{"RetryNum": 0}], "MsgTTL": 60}}


def describe_log() -> Json:
    """Keep return values out of SCF's log, if that is what it does; GetFunction does not tell it.

    Source: SCF API 2018-04-16, UpdateFunctionConfiguration, IgnoreSysLog: "do not report system logs".
    """
    return {"IgnoreSysLog": True}


def describe_trigger(function: Function) -> Json:
    """The trigger that runs a function: open to everybody, because TRTC cannot sign for CAM."""
    common = {"Qualifier": QUALIFIER, "Enable": "OPEN"}
    if function.runs_by == "timer":
        return {"TriggerName": function.timer_name, "Type": "timer", "TriggerDesc": CRON, **common}
    net = {"EnableExtranet": True, "EnableIntranet": False}
    description = json.dumps({"AuthType": "NONE", "NetConfig": net})
    return {"TriggerName": URL_NAME, "Type": "http", "TriggerDesc": description, **common}
