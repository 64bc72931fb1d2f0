"""What a deployment has to be told, and what is wrong with it; `doctor` asks here too."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from shared.setting_texts import list_faults, strip_text

APPLICATION = ("TRTC_SDK_APP_ID", "TRTC_SDK_SECRET_KEY", "TRTC_CALLBACK_KEY")
# All that the functions are given, where it is set. Source of what may not begin a name: SCF
# documentation, environment variables (product 583, document 30228): SCF_, QCLOUD_, TENCENTCLOUD_.
PASSED_ON = (
    *(*APPLICATION, "TRTC_APPS", "TRTC_ENDPOINT", "INVOKE_ENDPOINT", "LEDGER_URL", "LEDGER_NAME"),
    *("STARTS_PER_S_CLOUD", "STARTS_PER_S_AI", "TASK_QUOTA", "DRAIN_FUNCTION", "LOG_LEVEL"),
    *("TRANSCRIPT_LINK_KEY", "TRANSCRIPT_KEEP_DAYS", "USER_SIG_EXPIRE_S", "CALLBACK_MAX_AGE_S"),
    *("ARCHIVE_URL", "LEDGER_KEEP_HOURS", "OPERATOR_LINK_KEY"),
    *("EVENTS_URL", "EVENTS_SECRET", "EVENTS_ALLOW_PRIVATE", "RECONCILE", "RECONCILE_DIGITS_AS"),
)
# Of these nothing may ever be shown: whole, and every part that looks like a key or a password.
SECRETS = (
    *("TRTC_SDK_SECRET_KEY", "TRTC_CALLBACK_KEY", "TRTC_APPS", "LEDGER_URL", "TRANSCRIPT_LINK_KEY"),
    *("OPERATOR_LINK_KEY", "EVENTS_URL", "EVENTS_SECRET"),
    *("TENCENT_SECRET_KEY", "TENCENT_TOKEN", "TENCENTCLOUD_SECRET_KEY", "TENCENTCLOUD_TOKEN"),
)
SECRET_PART = re.compile(r"(?<=:)[^:@/]{4,}(?=@)|(?<=_key\": \")[^\"]+|(?<=_key\":\")[^\"]+")
SHORTEST_SECRET = 4  # characters; what is shorter would hide half of every sentence
# Source: SCF API 2018-04-16, FunctionName: at most 60 characters; the longest of ours is
# roomscribe-STAGE-transcription_events.
MAX_STAGE_CHARACTERS = 28


class Problem(NamedTuple):
    """A setting that will not do: what is wrong, what to do, and the heading of docs/deploy.md about it."""

    name: str
    wrong: str
    remedy: str
    place: str

    def __str__(self) -> str:
        return f"{self.name}: {self.wrong}; {self.remedy} (docs/deploy.md#{self.place})"


class Form(NamedTuple):
    """How a setting has to look."""

    pattern: str
    words: str
    place: str


FORMS: Mapping[str, Form] = {
    "STAGE": Form(
        rf"[A-Za-z0-9_-]{{1,{MAX_STAGE_CHARACTERS}}}",
        f"1 to {MAX_STAGE_CHARACTERS} letters, digits, - and _, because it stands in the functions' names",
        "settings",
    ),
    "LEDGER_NAME": Form(
        r"[A-Za-z0-9_-]{1,40}", "1 to 40 letters, digits, - and _, or empty for STAGE", "redis"
    ),
    "REGION": Form(
        r"[a-z]{2}-[a-z]+(-[a-z0-9]+)?", "a region of SCF like ap-singapore", "settings"
    ),
    "ROLE": Form(
        r"[\w+=,.@-]{1,128}", "the name of a CAM role for SCF, not its ARN", "the-run-role"
    ),
    "VPC_ID": Form(r"vpc-[a-z0-9]+", "a VPC's id like vpc-a1b2c3d4", "redis"),
    "SUBNET_ID": Form(r"subnet-[a-z0-9]+", "a subnet's id like subnet-a1b2c3d4", "redis"),
    **dict.fromkeys(
        ("CALLBACK_CONCURRENCY_MB", "DRAIN_CONCURRENCY_MB", "READ_CONCURRENCY_MB"),
        Form(
            r"0|12[89]|1[3-9][0-9]|[2-9][0-9]{2}|[1-9][0-9]{3,6}",
            "128 to 9999999, or 0 for no limit",
            "limits-for-strangers",
        ),
    ),
}
# The memory of all instances of a function at once, in MB, where nothing else is set.
CONCURRENCY_MB: Mapping[str, int] = {
    "CALLBACK_CONCURRENCY_MB": 12_800,
    "DRAIN_CONCURRENCY_MB": 640,
    "READ_CONCURRENCY_MB": 6_400,
}
NEEDED = ("STAGE", "REGION", "ROLE")
KEYS = ("TENCENT_SECRET_ID", "TENCENT_SECRET_KEY", "TENCENT_TOKEN")


def read_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment, with what concerns a deployment as the functions would read it: stripped."""
    named = {*FORMS, *PASSED_ON, *KEYS}
    return {name: strip_text(value) if name in named else value for name, value in environ.items()}


def read_concurrency_mb(environ: Mapping[str, str], name: str) -> int:
    """The memory of all instances of a function at once, in MB; 0 for no limit."""
    return int(environ.get(name) or CONCURRENCY_MB[name])


def find_problems(environ: Mapping[str, str]) -> list[Problem]:
    """Everything that would make the deployment fail, or the functions useless."""
    checks: tuple[Callable[[Mapping[str, str]], Iterator[Problem]], ...] = (
        _check_texts,
        _check_forms,
        _check_network,
        _check_application,
        _check_ledger,
        _check_credentials,
    )
    return [problem for check in checks for problem in check(environ)]


def find_place_problems(environ: Mapping[str, str]) -> list[Problem]:
    """Of these, what is wrong with where it is deployed; the rest is the functions' own settings."""
    checks = (_check_forms, _check_network)
    return [problem for check in checks for problem in check(environ)]


def is_private(url: str) -> bool:
    """Whether a URL names an address that only its own network reaches."""
    try:
        address = ipaddress.ip_address(urlsplit(url).hostname or "")
    except ValueError:
        return False
    return address.is_private and not address.is_loopback


def list_secrets(environ: Mapping[str, str]) -> list[str]:
    """What must not be shown, the longest first."""
    whole = [environ[name] for name in SECRETS if environ.get(name)]
    parts = [part for value in whole for part in SECRET_PART.findall(value)]
    pairs = [environ.get("TRTC_CALLBACK_KEY", ""), environ.get("TRANSCRIPT_LINK_KEY", ""), *parts]
    keys = [key for pair in pairs for key in pair.split(",")]  # "new,old"
    secrets = {secret for secret in whole + parts + keys if len(secret) >= SHORTEST_SECRET}
    return sorted(secrets, key=len, reverse=True)


def _check_texts(environ: Mapping[str, str]) -> Iterator[Problem]:
    """What can be no setting, whatever its name; TRTC_APPS may have lines."""
    names = [name for name in (*PASSED_ON, *KEYS) if name != "TRTC_APPS"]
    for fault in list_faults({name: environ.get(name, "") for name in names}):
        name, _, text = fault.partition(": ")
        wrong, _, remedy = text.partition("; ")
        yield Problem(name, wrong, remedy, "settings")


def _check_forms(environ: Mapping[str, str]) -> Iterator[Problem]:
    for name, form in FORMS.items():
        value = environ.get(name, "")
        if not value and name in NEEDED:
            yield Problem(name, "not set", f"it is {form.words}", form.place)
        elif value and not re.fullmatch(form.pattern, value, re.ASCII):
            yield Problem(name, "is not of the right form", f"it must be {form.words}", form.place)


def _check_network(environ: Mapping[str, str]) -> Iterator[Problem]:
    vpc, subnet = environ.get("VPC_ID"), environ.get("SUBNET_ID")
    if bool(vpc) != bool(subnet):
        name, other = ("SUBNET_ID", "VPC_ID") if vpc else ("VPC_ID", "SUBNET_ID")
        remedy = "set both, or none where there is no VPC"
        yield Problem(name, f"not set, although {other} is", remedy, "redis")
    if is_private(environ.get("LEDGER_URL", "")) and not vpc and not subnet:
        wrong = "not set, although the host in LEDGER_URL can be reached from its VPC only"
        yield Problem("VPC_ID", wrong, "set VPC_ID and SUBNET_ID to those of that Redis", "redis")


def _check_application(environ: Mapping[str, str]) -> Iterator[Problem]:
    if environ.get("TRTC_APPS"):
        return
    for name in APPLICATION:
        if not environ.get(name):
            remedy = "copy it from the TRTC console, or set TRTC_APPS instead of these three"
            yield Problem(name, "not set", remedy, "trtc-console")


def _check_ledger(environ: Mapping[str, str]) -> Iterator[Problem]:
    if not environ.get("LEDGER_URL"):
        remedy = "name a Redis, or sqlite:////tmp/roomscribe-ledger.db to do without one"
        yield Problem("LEDGER_URL", "not set", remedy, "redis")


def _check_credentials(environ: Mapping[str, str]) -> Iterator[Problem]:
    missing = [name for name in KEYS[:2] if not environ.get(name)]
    if len(missing) == 1:
        remedy = "set both, or none to use those that tccli is configured with"
        yield Problem(missing[0], "not set, although the other one is", remedy, "credentials")
