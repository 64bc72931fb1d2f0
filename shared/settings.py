"""Settings from the environment, the same on a laptop and on SCF; all problems are named at once."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from msgspec import Struct

from shared.applications import Application, read_applications
from shared.errors import SettingsError
from shared.links import MIN_KEY_CHARACTERS
from shared.setting_texts import list_faults, strip_text
from shared.site import Site, find_scf_host, find_site

DEFAULT_ENDPOINT = "https://trtc.intl.tencentcloudapi.com"
# Source: StartAITranscription and CreateCloudTranscription, request limits; Tencent raises them on request.
STARTS_PER_S = {"cloud": 20, "ai": 50}
KEEP_DAYS, MAX_KEEP_DAYS = 30, 3650  # of what is over
DEFAULT_LEDGER_NAME = "roomscribe"
LEDGER_NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")  # it stands in braces in the names of keys
DEFAULT_LEDGER_URL = "sqlite:////tmp/roomscribe-ledger.db"
DEFAULT_RULES_FILE = str(Path(__file__).parent.parent / "rules.toml")
PACKAGED_CA = Path(__file__).parent.parent / "ca"  # hashed: the package has it, a checkout has not
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
DAY_MS = 86_400_000
DEVELOPMENT_MARK = "NotASecret"  # every development key contains it; none may reach the cloud
CREDENTIAL_NAMES = (  # SCF's run role first: an attached role is the safer choice of the two
    ("TENCENTCLOUD_SECRETID", "TENCENTCLOUD_SECRETKEY", "TENCENTCLOUD_SESSIONTOKEN"),
    ("TENCENT_SECRET_ID", "TENCENT_SECRET_KEY", "TENCENT_TOKEN"),
)
# All that read_settings looks at.
NAMES = (
    *("TRTC_SDK_APP_ID", "TRTC_SDK_SECRET_KEY", "TRTC_CALLBACK_KEY", "TRTC_APPS"),
    *("TRTC_ENDPOINT", "TRTC_CA", "LEDGER_URL", "LEDGER_NAME", "STAGE", "RULES_FILE"),
    *("LOG_LEVEL", "TENCENTCLOUD_RUNENV"),
    *("USER_SIG_EXPIRE_S", "CALLBACK_MAX_AGE_S", "TASK_QUOTA", "DRAIN_FUNCTION", "INVOKE_ENDPOINT"),
    *("STARTS_PER_S_CLOUD", "STARTS_PER_S_AI", "TRANSCRIPT_LINK_KEY", "TRANSCRIPT_KEEP_DAYS"),
    *CREDENTIAL_NAMES[1],  # for development keys, which SCF must not have
)


class Settings(Struct, frozen=True):
    """All of Roomscribe's settings but the credentials, which are read at every call."""

    applications: tuple[Application, ...]
    endpoint: str
    site: Site
    ca: str | None
    ledger_url: str  # may carry a password
    ledger_name: str
    rules_file: str
    user_sig_expire_s: int
    callback_max_age_s: int
    starts_per_s: Mapping[str, int]
    task_quota: int
    drain_function: str | None
    invoke_endpoint: str
    transcript_link_key: str | None
    transcript_keep_days: int
    log_level: str
    on_scf: bool

    def __repr__(self) -> str:
        return f"Settings({self.applications})"

    @property
    def ledger_is_shared(self) -> bool:
        """Whether every instance sees the same ledger: on SCF each has a /tmp of its own."""
        return not (self.on_scf and self.ledger_url.startswith("sqlite:"))

    def kept_since_ms(self, now_ms: int) -> int:
        """The ms since which what is over is kept: what was over before may not be read any more."""
        return now_ms - self.transcript_keep_days * DAY_MS

    @property
    def has_drainer(self) -> bool:
        """Whether what is left due in the ledger is somebody's to do."""
        return self.drain_function is not None and self.ledger_is_shared

    def find_application(self, sdk_app_id: int) -> Application | None:
        """The application of that id, or None."""
        return next((app for app in self.applications if app.sdk_app_id == sdk_app_id), None)

    def require_application(self, sdk_app_id: int) -> Application:
        """The application of that id; raises SettingsError when it has been taken out of the settings."""
        application = self.find_application(sdk_app_id)
        if application is None:
            raise SettingsError([f"TRTC_APPS: application {sdk_app_id} is no longer there"])
        return application


class Credentials(NamedTuple):
    """A SecretId, its key, and the session token of temporary ones (None for permanent ones)."""

    secret_id: str
    secret_key: str
    token: str | None


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Every setting; raises one SettingsError that names all that is missing or malformed.

    An environment like the last one is not read again, which saves 100 µs of every event.
    """
    global _last_read
    given, last = tuple(map(environ.get, NAMES)), _last_read
    if last is None or last[0] != given:
        _last_read = last = given, _read_all(environ)
    return last[1]


_last_read: tuple[tuple[str | None, ...], Settings] | None = None


def _read_all(environ: Mapping[str, str]) -> Settings:
    texts = {name: strip_text(environ.get(name, "")) for name in NAMES}
    problems: list[str] = []
    endpoint = _read_endpoint(texts, "TRTC_ENDPOINT", DEFAULT_ENDPOINT, problems)
    scf = find_scf_host(endpoint)
    settings = Settings(
        applications=read_applications(texts, problems),
        endpoint=endpoint,
        site=find_site(endpoint),
        ca=_read_ca(texts, problems),
        ledger_url=texts["LEDGER_URL"] or DEFAULT_LEDGER_URL,
        ledger_name=_read_ledger_name(texts, problems),
        rules_file=texts["RULES_FILE"] or DEFAULT_RULES_FILE,
        user_sig_expire_s=_read_int(texts, "USER_SIG_EXPIRE_S", 86_400, "seconds", problems),
        callback_max_age_s=_read_int(texts, "CALLBACK_MAX_AGE_S", 300, "seconds", problems),
        starts_per_s={
            name: _read_int(texts, f"STARTS_PER_S_{name.upper()}", default, "starts", problems)
            for name, default in STARTS_PER_S.items()
        },
        task_quota=_read_int(texts, "TASK_QUOTA", 100, "tasks", problems),
        drain_function=texts["DRAIN_FUNCTION"] or None,
        invoke_endpoint=_read_endpoint(texts, "INVOKE_ENDPOINT", scf, problems),
        transcript_link_key=_read_link_key(texts, problems),
        transcript_keep_days=_read_int(
            texts, "TRANSCRIPT_KEEP_DAYS", KEEP_DAYS, "days", problems, MAX_KEEP_DAYS
        ),
        log_level=_read_log_level(texts, problems),
        on_scf=texts["TENCENTCLOUD_RUNENV"] == "SCF",
    )
    faults = _list_faults(texts)
    named = {fault.partition(":")[0] for fault in faults}
    faults += [problem for problem in problems if problem.partition(":")[0] not in named]
    if faults:
        raise SettingsError(faults)
    return settings


def _list_faults(texts: Mapping[str, str]) -> list[str]:
    """TRTC_APPS may have lines: its values are looked at one by one."""
    faults = list_faults({**texts, "TRTC_APPS": ""})
    if texts["TENCENTCLOUD_RUNENV"] == "SCF":
        marked = [name for name, text in texts.items() if DEVELOPMENT_MARK in text]
        faults += [f"{name}: holds a development key; set your own" for name in marked]
    return faults


def read_credentials(environ: Mapping[str, str] = os.environ) -> Credentials:
    """The credentials as they are now: a run role's are replaced while an instance lives.

    Source: SCF documentation, environment variables (product 583, document 30228), 2026-11.
    """
    for names in CREDENTIAL_NAMES:
        texts = {name: strip_text(environ.get(name, "")) for name in names}
        secret_id, secret_key, token = texts.values()
        if secret_id and secret_key:
            if faults := list_faults(texts):
                raise SettingsError(faults)
            return Credentials(secret_id, secret_key, token or None)
    both = "TENCENT_SECRET_ID, TENCENT_SECRET_KEY"
    raise SettingsError([f"{both}: not set; set both, or attach a run role to the function"])


def _read_endpoint(environ: Mapping[str, str], name: str, default: str, problems: list[str]) -> str:
    text = environ.get(name) or default
    text = text if "://" in text else f"https://{text}"
    if not re.fullmatch(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?/?", text):
        problems.append(f"{name}: must be a host, or http(s)://host:port, without a path")
        return default
    return text.rstrip("/")


def _read_ca(environ: Mapping[str, str], problems: list[str]) -> str | None:
    path = environ.get("TRTC_CA")
    if path and not Path(path).exists():
        problems.append("TRTC_CA: no such file or directory")
    return path or (str(PACKAGED_CA) if PACKAGED_CA.is_dir() else None)


def _read_int(
    texts: Mapping[str, str], name: str, default: int, unit: str, problems: list[str], most: int = 0
) -> int:
    text = texts[name] or str(default)
    is_number = re.fullmatch(r"[0-9]{1,9}", text) and int(text) > 0
    if not is_number or (most and int(text) > most):
        allowed = f"1 to {most}" if most else "1 or more"
        problems.append(f"{name}: must be a whole number of {unit}, {allowed}")
        return default
    return int(text)


def _read_link_key(environ: Mapping[str, str], problems: list[str]) -> str | None:
    key = environ.get("TRANSCRIPT_LINK_KEY") or None
    if key and len(key) < MIN_KEY_CHARACTERS:
        problems.append(
            f"TRANSCRIPT_LINK_KEY: must have {MIN_KEY_CHARACTERS} characters or more; "
            "make one with `openssl rand -base64 32`"
        )
    return key


def _read_ledger_name(environ: Mapping[str, str], problems: list[str]) -> str:
    name = environ.get("LEDGER_NAME") or environ.get("STAGE") or DEFAULT_LEDGER_NAME
    if not LEDGER_NAME.fullmatch(name):
        problems.append(
            "LEDGER_NAME: must be 1 to 40 letters, digits, - and _; where it is not set, STAGE is it"
        )
    return name


def _read_log_level(environ: Mapping[str, str], problems: list[str]) -> str:
    level = (environ.get("LOG_LEVEL") or "INFO").upper()
    if level not in LOG_LEVELS:
        problems.append(f"LOG_LEVEL: must be one of {', '.join(LOG_LEVELS)}")
    return level
