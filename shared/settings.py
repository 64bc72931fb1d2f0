"""Settings from the environment, the same on a laptop and on SCF; all problems are named at once."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from msgspec import Struct
from msgspec.structs import astuple

from shared.applications import Application, read_applications
from shared.endpoints import Endpoint, read_endpoints
from shared.errors import SettingsError
from shared.links import MIN_KEY_CHARACTERS
from shared.setting_texts import list_faults, strip_text
from shared.site import Site, find_scf_host, find_site

DEFAULT_ENDPOINT = "https://trtc.intl.tencentcloudapi.com"
KEEP_DAYS, MAX_KEEP_DAYS = 30, 3650  # of what is over
DEFAULT_LEDGER_NAME = "roomscribe"
DEFAULT_LEDGER_URL = "sqlite:////tmp/roomscribe-ledger.db"
CODE = Path(__file__).parent
DEFAULT_RULES_FILE = str(CODE.parent / "rules.toml")
PACKAGED_CA = CODE.parent / "ca"  # hashed: the package has it, a checkout has not
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
    *("STREAM_QUOTA",),
    *("STARTS_PER_S_CLOUD", "STARTS_PER_S_AI", "TRANSCRIPT_LINK_KEY", "TRANSCRIPT_KEEP_DAYS"),
    *("ARCHIVE_URL", "LEDGER_KEEP_HOURS", "OPERATOR_LINK_KEY"),
    *("EVENTS_URL", "EVENTS_SECRET", "EVENTS_ALLOW_PRIVATE", "RECONCILE", "RECONCILE_DIGITS_AS"),
    *CREDENTIAL_NAMES[1],  # for development keys, which SCF must not have
)
ENDPOINT_NAMES = ("TRTC_ENDPOINT", "INVOKE_ENDPOINT")
TLS_NAMES = (*ENDPOINT_NAMES, "ARCHIVE_URL")

ENDPOINT = re.compile(r"(https?://)?[A-Za-z0-9.-]+(:(?P<port>[0-9]{1,5}))?/?")
MAX_PORT = 65_535
# What leaves the machine unencrypted; SCF runs at home too, beside an API on loopback.
OPEN_ENDPOINT = re.compile(r"http://(?!(127\.0\.0\.1|localhost)(:[0-9]+)?/?(&|$))")
MAX_COUNT = 999_999_999
COUNT = re.compile(r"(?!0+$)[0-9]{1,9}")
LINK_KEY_FORM: tuple[Callable[[str], object], str] = (
    lambda text: len(text) >= MIN_KEY_CHARACTERS,
    f"must have {MIN_KEY_CHARACTERS} characters or more; make one with `openssl rand -base64 32`",
)
# What a setting must be, if it is there, and how to say so.
FORMS: dict[str, tuple[Callable[[str], object], str]] = {
    "TRTC_CA": (os.path.exists, "no such file or directory"),
    "LEDGER_NAME": (  # it stands in braces in the names of keys
        re.compile(r"[A-Za-z0-9_-]{1,40}").fullmatch,
        "must be 1 to 40 letters, digits, - and _; where it is not set, STAGE is it",
    ),
    "USER_SIG_EXPIRE_S": (COUNT.fullmatch, f"must be a whole number of seconds, 1 to {MAX_COUNT}"),
    "CALLBACK_MAX_AGE_S": (COUNT.fullmatch, f"must be a whole number of seconds, 1 to {MAX_COUNT}"),
    "STARTS_PER_S_CLOUD": (COUNT.fullmatch, f"must be a whole number of starts, 1 to {MAX_COUNT}"),
    "STARTS_PER_S_AI": (COUNT.fullmatch, f"must be a whole number of starts, 1 to {MAX_COUNT}"),
    "STREAM_QUOTA": (COUNT.fullmatch, f"must be a whole number of streams, 1 to {MAX_COUNT}"),
    "TASK_QUOTA": (COUNT.fullmatch, f"must be a whole number of tasks, 1 to {MAX_COUNT}"),
    "TRANSCRIPT_LINK_KEY": LINK_KEY_FORM,
    "OPERATOR_LINK_KEY": LINK_KEY_FORM,
    "ARCHIVE_URL": (  # what else is wrong with one is told when it is opened
        re.compile(r"cos://.+-[0-9]+(/.*)?\?.+|file:///.+").fullmatch,
        "must be cos://BUCKET-APPID/prefix?region=ap-singapore, or file:///absolute/folder",
    ),
    "LEDGER_KEEP_HOURS": (COUNT.fullmatch, f"must be a whole number of hours, 1 to {MAX_COUNT}"),
    "RECONCILE": (("auto", "off").count, "must be auto or off"),
    "RECONCILE_DIGITS_AS": (("numeric", "string", "skip").count, "must be numeric, string, skip"),
    "EVENTS_ALLOW_PRIVATE": (("true", "false").count, "must be true or false"),
    "TRANSCRIPT_KEEP_DAYS": (
        lambda text: COUNT.fullmatch(text) and int(text) <= MAX_KEEP_DAYS,
        f"must be a whole number of days, 1 to {MAX_KEEP_DAYS}",
    ),
    "LOG_LEVEL": (
        lambda text: text.upper() in LOG_LEVELS,
        f"must be one of {', '.join(LOG_LEVELS)}",
    ),
}


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
    stream_quota: int
    drain_function: str | None
    invoke_endpoint: str
    transcript_link_key: str | None
    transcript_keep_days: int
    archive_url: str | None
    ledger_keep_hours: int
    operator_link_key: str | None
    endpoints: tuple[Endpoint, ...]
    events_allow_private: bool
    reconciles_by_itself: bool
    digits_as: str
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

    def require_application(self, sdk_app_id: int) -> Application:
        """The application of that id; raises SettingsError when it has been taken out of the settings."""
        for application in self.applications:
            if application.sdk_app_id == sdk_app_id:
                return application
        raise SettingsError([f"TRTC_APPS: application {sdk_app_id} is no longer there"])


class Credentials(NamedTuple):
    """A SecretId, its key, and the session token of temporary ones (None for permanent ones)."""

    secret_id: str
    secret_key: str
    token: str | None

    def __repr__(self) -> str:
        return f"Credentials({self.secret_id!r})"


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Every setting; raises one SettingsError that names all that is missing or malformed."""
    texts = {name: strip_text(environ.get(name, "")) for name in NAMES}
    applications, endpoints = _check_texts(texts)
    endpoint = _write_url(texts["TRTC_ENDPOINT"] or DEFAULT_ENDPOINT)
    return Settings(
        applications=applications,
        endpoint=endpoint,
        site=find_site(endpoint),
        ca=texts["TRTC_CA"] or (str(PACKAGED_CA) if PACKAGED_CA.is_dir() else None),
        ledger_url=texts["LEDGER_URL"] or DEFAULT_LEDGER_URL,
        ledger_name=texts["LEDGER_NAME"] or texts["STAGE"] or DEFAULT_LEDGER_NAME,
        rules_file=texts["RULES_FILE"] or DEFAULT_RULES_FILE,
        user_sig_expire_s=int(texts["USER_SIG_EXPIRE_S"] or 86_400),
        callback_max_age_s=int(texts["CALLBACK_MAX_AGE_S"] or 300),
        # Source: CreateCloudTranscription and StartAITranscription, request limits; Tencent raises
        # them on request.
        starts_per_s={
            "cloud": int(texts["STARTS_PER_S_CLOUD"] or 20),
            "ai": int(texts["STARTS_PER_S_AI"] or 50),
        },
        task_quota=int(texts["TASK_QUOTA"] or 100),
        # Source: TRTC documentation, quotas of speech recognition (product 647, document 79873).
        stream_quota=int(texts["STREAM_QUOTA"] or 200),
        drain_function=texts["DRAIN_FUNCTION"] or None,
        invoke_endpoint=_write_url(texts["INVOKE_ENDPOINT"] or find_scf_host(endpoint)),
        transcript_link_key=texts["TRANSCRIPT_LINK_KEY"] or None,
        transcript_keep_days=int(texts["TRANSCRIPT_KEEP_DAYS"] or KEEP_DAYS),
        archive_url=texts["ARCHIVE_URL"] or None,
        ledger_keep_hours=int(texts["LEDGER_KEEP_HOURS"] or 24),
        operator_link_key=texts["OPERATOR_LINK_KEY"] or None,
        endpoints=endpoints,
        events_allow_private=texts["EVENTS_ALLOW_PRIVATE"] == "true",
        reconciles_by_itself=texts["RECONCILE"] == "auto",
        digits_as=texts["RECONCILE_DIGITS_AS"] or "skip",
        log_level=texts["LOG_LEVEL"].upper() or "INFO",
        on_scf=texts["TENCENTCLOUD_RUNENV"] == "SCF",
    )


def _check_texts(
    texts: Mapping[str, str],
) -> tuple[tuple[Application, ...], tuple[Endpoint, ...]]:
    """The applications and the event endpoints; raises one SettingsError for all that is wrong."""
    # TRTC_APPS may have lines: its values are looked at one by one.
    faults = list_faults({**texts, "TRTC_APPS": ""})
    if texts["TENCENTCLOUD_RUNENV"] == "SCF":
        marked = [name for name, text in texts.items() if DEVELOPMENT_MARK in text]
        faults += [f"{name}: holds a development key; set your own" for name in marked]
        opened = [name for name in TLS_NAMES if OPEN_ENDPOINT.search(unquote(texts[name]))]
        faults += [f"{name}: must be https on SCF; leave http:// out" for name in opened]
    problems = [
        f"{name}: must be a host, or http(s)://host:port, without a path"
        for name in ENDPOINT_NAMES
        if texts[name] and not _is_endpoint(texts[name])
    ]
    applications = read_applications(texts, problems)
    endpoints = read_endpoints(texts, problems)
    given = {**texts, "LEDGER_NAME": texts["LEDGER_NAME"] or texts["STAGE"]}
    for name, (is_right, problem) in FORMS.items():
        if given[name] and not is_right(given[name]):
            problems.append(f"{name}: {problem}")
    named = {fault.partition(":")[0] for fault in faults}
    faults += [problem for problem in problems if problem.partition(":")[0] not in named]
    if faults:
        raise SettingsError(faults)
    return applications, endpoints


def _is_endpoint(text: str) -> bool:
    found = ENDPOINT.fullmatch(text)
    return found is not None and int(found["port"] or 0) <= MAX_PORT


def _write_url(endpoint: str) -> str:
    return (endpoint if "://" in endpoint else f"https://{endpoint}").rstrip("/")


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


def take_fingerprint(settings: Settings, environ: Mapping[str, str] = os.environ) -> str:
    """A keyed hash: whether what made a start fail may have been mended since.

    32 hexadecimal digits for this code, these rules, settings and permanent credentials.

    A run role's credentials rotate and are left out. The hash is keyed, so that no key can be tried
    out against it.
    """
    permanent = tuple(environ.get(name) for name in CREDENTIAL_NAMES[1])
    key = settings.applications[0].secret_key.encode()
    given = [astuple(one) for one in (settings, *settings.applications)]
    return _hash_package(repr((permanent, given)), key, settings.rules_file)


@lru_cache(maxsize=4)
def _hash_package(text: str, key: bytes, rules_file: str) -> str:
    digest = hashlib.blake2b(text.encode(), key=hashlib.sha256(key).digest(), digest_size=16)
    for path in [Path(rules_file), *sorted(CODE.rglob("*.py"))]:
        digest.update(path.read_bytes())
    return digest.hexdigest()
