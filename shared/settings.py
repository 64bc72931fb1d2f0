"""Settings from the environment, the same on a laptop and on SCF; all problems are named at once."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from shared.errors import SettingsError
from shared.links import MIN_KEY_CHARACTERS

DEFAULT_ENDPOINT = "https://trtc.intl.tencentcloudapi.com"
DEFAULT_SCF_ENDPOINT = "https://scf.tencentcloudapi.com"
# Source: StartAITranscription and CreateCloudTranscription, request limits; Tencent raises them on request.
STARTS_PER_S = {"cloud": 20, "ai": 50}
KEEP_DAYS, MAX_KEEP_DAYS = 30, 3650  # of what is over
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
    *("TRTC_ENDPOINT", "TRTC_CA", "LEDGER_URL", "RULES_FILE", "LOG_LEVEL", "TENCENTCLOUD_RUNENV"),
    *("USER_SIG_EXPIRE_S", "CALLBACK_MAX_AGE_S", "TASK_QUOTA", "DRAIN_FUNCTION", "SCF_ENDPOINT"),
    *("STARTS_PER_S_CLOUD", "STARTS_PER_S_AI", "TRANSCRIPT_LINK_KEY", "TRANSCRIPT_KEEP_DAYS"),
    *CREDENTIAL_NAMES[1],  # for development keys, which SCF must not have
)


@dataclass(frozen=True)
class Application:
    """One TRTC application; `secret_key` signs UserSigs, `callback_key` signs callbacks."""

    sdk_app_id: int
    secret_key: str = field(repr=False)
    callback_key: str = field(repr=False)


@dataclass(frozen=True)
class Settings:
    """All of Roomscribe's settings but the credentials, which are read at every call."""

    applications: tuple[Application, ...]
    endpoint: str
    ca: str | None
    ledger_url: str = field(repr=False)  # may carry a password
    rules_file: str
    user_sig_expire_s: int
    callback_max_age_s: int
    starts_per_s: Mapping[str, int]
    task_quota: int
    drain_function: str | None
    scf_endpoint: str
    transcript_link_key: str | None = field(repr=False)
    transcript_keep_days: int
    log_level: str
    on_scf: bool

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
        return self.ledger_is_shared and self.drain_function is not None

    def find_application(self, sdk_app_id: int) -> Application | None:
        """The application of that id, or None."""
        return next((app for app in self.applications if app.sdk_app_id == sdk_app_id), None)


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
    problems: list[str] = []
    settings = Settings(
        applications=_read_applications(environ, problems),
        endpoint=_read_endpoint(environ, "TRTC_ENDPOINT", DEFAULT_ENDPOINT, problems),
        ca=_read_ca(environ, problems),
        ledger_url=environ.get("LEDGER_URL") or DEFAULT_LEDGER_URL,
        rules_file=environ.get("RULES_FILE") or DEFAULT_RULES_FILE,
        user_sig_expire_s=_read_int(environ, "USER_SIG_EXPIRE_S", 86_400, problems),
        callback_max_age_s=_read_int(environ, "CALLBACK_MAX_AGE_S", 300, problems),
        starts_per_s={
            name: _read_int(
                environ, f"STARTS_PER_S_{name.upper()}", default, problems, unit="starts"
            )
            for name, default in STARTS_PER_S.items()
        },
        task_quota=_read_int(environ, "TASK_QUOTA", 100, problems, unit="tasks"),
        drain_function=environ.get("DRAIN_FUNCTION") or None,
        scf_endpoint=_read_endpoint(environ, "SCF_ENDPOINT", DEFAULT_SCF_ENDPOINT, problems),
        transcript_link_key=_read_link_key(environ, problems),
        transcript_keep_days=_read_int(
            environ, "TRANSCRIPT_KEEP_DAYS", KEEP_DAYS, problems, unit="days", most=MAX_KEEP_DAYS
        ),
        log_level=_read_log_level(environ, problems),
        on_scf=_runs_on_scf(environ),
    )
    problems += _find_development_keys(environ)
    if problems:
        raise SettingsError(problems)
    return settings


def read_credentials(environ: Mapping[str, str] = os.environ) -> Credentials:
    """The credentials as they are now: a run role's are replaced while an instance lives.

    Source: SCF documentation, environment variables (product 583, document 30228), 2026-11.
    """
    for id_name, key_name, token_name in CREDENTIAL_NAMES:
        if environ.get(id_name) and environ.get(key_name):
            return Credentials(environ[id_name], environ[key_name], environ.get(token_name) or None)
    raise SettingsError(
        [
            "TENCENT_SECRET_ID, TENCENT_SECRET_KEY: not set; set both, or attach a run role to the function"
        ]
    )


def _read_applications(environ: Mapping[str, str], problems: list[str]) -> tuple[Application, ...]:
    if environ.get("TRTC_APPS"):
        rows = _parse_apps(environ["TRTC_APPS"], problems)
    else:
        rows = [{key: environ.get(name, "") for key, name in _ONE_APP.items()}]
    named = bool(environ.get("TRTC_APPS"))
    apps = [
        _read_application(row, f"TRTC_APPS[{i}]." if named else "", problems)
        for i, row in enumerate(rows)
    ]
    _refuse_twins([app for app in apps if app], problems)
    return tuple(app for app in apps if app)


_ONE_APP = {
    "sdk_app_id": "TRTC_SDK_APP_ID",
    "secret_key": "TRTC_SDK_SECRET_KEY",
    "callback_key": "TRTC_CALLBACK_KEY",
}


def _parse_apps(text: str, problems: list[str]) -> list[dict[str, object]]:
    try:
        rows = json.loads(text)
    except (ValueError, RecursionError):
        rows = None
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        problems.append(
            "TRTC_APPS: must be a JSON list like "
            '[{"sdk_app_id": 1400000000, "secret_key": "…", "callback_key": "…"}]'
        )
        return []
    return rows


def _read_application(
    row: Mapping[str, object], place: str, problems: list[str]
) -> Application | None:
    def name(key: str) -> str:
        return place + key if place else _ONE_APP[key]

    before = len(problems)
    values = {key: str(row.get(key) or "").strip() for key in _ONE_APP}
    problems += [
        f"{name(key)}: not set; copy it from the TRTC console"
        for key in _ONE_APP
        if not values[key]
    ]
    if values["sdk_app_id"] and not _is_app_id(values["sdk_app_id"]):
        problems.append(f"{name('sdk_app_id')}: must be a whole number like 1400000000")
    if values["callback_key"] and not re.fullmatch(r"[A-Za-z0-9]{1,32}", values["callback_key"]):
        problems.append(
            f"{name('callback_key')}: must be 1 to 32 letters and digits, as the TRTC console allows"
        )
    problems += [f"{place}{key}: unknown key" for key in row if key not in _ONE_APP]
    if len(problems) > before:
        return None
    return Application(int(values["sdk_app_id"]), values["secret_key"], values["callback_key"])


def _is_app_id(text: str) -> bool:
    return bool(re.fullmatch(r"[1-9][0-9]{0,9}", text)) and int(text) < 2**32


def _refuse_twins(apps: list[Application], problems: list[str]) -> None:
    if len({app.sdk_app_id for app in apps}) < len(apps):
        problems.append("TRTC_APPS: the same sdk_app_id stands there twice")
    if len({app.callback_key for app in apps}) < len(apps):
        problems.append(
            "TRTC_APPS: two applications have the same callback_key; give each its own, because the "
            "SdkAppId header of a callback is not signed"
        )


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
    environ: Mapping[str, str],
    name: str,
    default: int,
    problems: list[str],
    *,
    unit: str = "seconds",
    most: int | None = None,
) -> int:
    text = environ.get(name) or str(default)
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


def _read_log_level(environ: Mapping[str, str], problems: list[str]) -> str:
    level = (environ.get("LOG_LEVEL") or "INFO").upper()
    if level not in LOG_LEVELS:
        problems.append(f"LOG_LEVEL: must be one of {', '.join(LOG_LEVELS)}")
    return level


def _runs_on_scf(environ: Mapping[str, str]) -> bool:
    return environ.get("TENCENTCLOUD_RUNENV") == "SCF"


def _find_development_keys(environ: Mapping[str, str]) -> list[str]:
    if not _runs_on_scf(environ):
        return []
    secret_names = [
        *_ONE_APP.values(),
        "TRTC_APPS",
        "TRANSCRIPT_LINK_KEY",
        *CREDENTIAL_NAMES[1],
    ]

    return [
        f"{name}: holds a development key; set your own"
        for name in secret_names
        if DEVELOPMENT_MARK in environ.get(name, "")
    ]
