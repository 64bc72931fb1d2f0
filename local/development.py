"""Development values: what makes everything run on a laptop with nothing configured."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from local.errors import LocalError
from local.origin import OWN_NAMES, is_on_this_machine
from shared.setting_texts import strip_text
from shared.settings import DEVELOPMENT_MARK

ROOT = Path(__file__).resolve().parent.parent
FUNCTIONS_DIR = ROOT / "functions"
STATE_DIR = ROOT / ".roomscribe"  # what is kept from one run to the next
REDIS_DIR = STATE_DIR / "redis"
LEDGER_FILE = STATE_DIR / "ledger.db"
COS_DIR = STATE_DIR / "cos"
ENDPOINT = "http://127.0.0.1:8321"  # where `up` and `cloud` listen when nothing else is said

# Obviously fake, and refused on SCF: shared/settings.py knows the words "NotASecret".
SDK_APP_ID = 1400000001
SDK_SECRET_KEY = "NotASecret-roomscribe-development-sdk-secret-key"  # noqa: S105
CALLBACK_KEY = "NotASecretCallbackKey"
EVENTS_SECRET = "whsec_NotASecretNotASecretNotASecretNotASecret"  # noqa: S105  base64 of 30 bytes
LINK_KEY = "NotASecret-transcript-link-key"
OPERATOR_KEY = "NotASecret-operator-link-key"
SECRET_ID = "NotASecretId"  # noqa: S105
SECRET_KEY = "NotASecretKey"  # noqa: S105
COS_REGION = "ap-singapore"
COS_BUCKET = "roomscribe-1250000000"
COS_FOLDER = "transcripts"

URL_KEYS = ("TRTC_CALLBACK_KEY", "TRTC_APPS", "TRANSCRIPT_LINK_KEY", "OPERATOR_LINK_KEY")

SETTING_PREFIXES = ("TRTC_", "TENCENT_")
SETTING_NAMES = (
    "TENCENTCLOUD_SECRETID",
    "TENCENTCLOUD_SECRETKEY",
    "TENCENTCLOUD_SESSIONTOKEN",
    "LEDGER_URL",
    "LEDGER_NAME",
    "STAGE",
    "ARCHIVE_URL",
    "RULES_FILE",
    "TRANSCRIPT_LINK_KEY",
    "TRANSCRIPT_KEEP_DAYS",
    "LEDGER_KEEP_HOURS",
    "OPERATOR_LINK_KEY",
    "EVENTS_URL",
    "EVENTS_SECRET",
    "EVENTS_ALLOW_PRIVATE",
    "RECONCILE",
    "RECONCILE_DIGITS_AS",
    "USER_SIG_EXPIRE_S",
    "CALLBACK_MAX_AGE_S",
    "STARTS_PER_S_CLOUD",
    "STARTS_PER_S_AI",
    "TASK_QUOTA",
    "DRAIN_FUNCTION",
    "LOG_LEVEL",
)


def local_environment(
    environ: Mapping[str, str],
    *,
    endpoint: str,
    invoke_endpoint: str | None = None,
    archive_url: str | None = None,
    receiver: str | None = None,
) -> dict[str, str]:
    """Roomscribe's settings out of `environ`, completed with development values; paths are absolute.

    `endpoint` always replaces TRTC_ENDPOINT, and INVOKE_ENDPOINT where that is not another one, so that
    playing at home never reaches a paid API. `archive_url`, where a COS endpoint runs, replaces no
    ARCHIVE_URL but one that leads to a COS elsewhere; without `archive_url` such a one is left out.
    `receiver` is told of events where no other endpoint is set.
    """
    stripped = {name: strip_text(value) for name, value in environ.items() if _is_setting(name)}
    if not is_archive_at_home(stripped.get("ARCHIVE_URL", "")):
        del stripped["ARCHIVE_URL"]
    given = {name: _make_absolute(name, value) for name, value in stripped.items() if value}
    endpoints = {"TRTC_ENDPOINT": endpoint, "INVOKE_ENDPOINT": invoke_endpoint or endpoint}
    archive = {"ARCHIVE_URL": archive_url} if archive_url else {}
    events = {}
    if receiver and "EVENTS_URL" not in given:
        events = {
            "EVENTS_URL": receiver,
            "EVENTS_SECRET": EVENTS_SECRET,
            "EVENTS_ALLOW_PRIVATE": "true",
        }
    return {**_development_values(given), **archive, **given, **events, **endpoints}


def write_archive_url(domain: str) -> str:
    """The development bucket at a COS endpoint that answers at `domain`, which is host:port."""
    return f"cos://{COS_BUCKET}/{COS_FOLDER}?region={COS_REGION}&endpoint=http://{domain}"


def is_archive_at_home(archive_url: str) -> bool:
    """Whether an ARCHIVE_URL leads to no COS but one on this machine; one that is malformed leads nowhere."""
    try:
        parts = urlsplit(archive_url)
        if parts.scheme.lower() != "cos":
            return True
        endpoints = parse_qs(parts.query).get("endpoint", [""])
        return all(urlsplit(endpoint).hostname in OWN_NAMES for endpoint in endpoints)
    except ValueError:
        return False


def has_own_keys(settings: Mapping[str, str]) -> bool:
    """Whether what comes to a function URL is signed with keys that not everybody knows."""
    return not any(DEVELOPMENT_MARK in settings.get(name, "") for name in URL_KEYS)


def refuse_development_key(name: str, key: str, url: str) -> None:
    """Raise LocalError where the development key `key` of setting `name` would sign for a URL elsewhere."""
    if DEVELOPMENT_MARK in key and not is_on_this_machine(url):
        raise LocalError(
            f"{name} is the development key, which everybody knows, and {url} is not on this "
            f"machine; set the deployment's {name}, in .env or the environment"
        )


def _is_setting(name: str) -> bool:
    return name.startswith(SETTING_PREFIXES) or name in SETTING_NAMES


def _make_absolute(name: str, value: str) -> str:
    """A path means the folder one is in; function instances run in another."""
    scheme, _, rest = value.partition(":///")
    if name == "LEDGER_URL" and scheme == "sqlite" and rest:
        return f"sqlite:///{Path(rest).absolute()}"
    return str(Path(value).absolute()) if name in ("RULES_FILE", "TRTC_CA") else value


def _development_values(given: Mapping[str, str]) -> dict[str, str]:
    values = {
        "LEDGER_URL": f"sqlite:///{LEDGER_FILE}",
        "RULES_FILE": str(ROOT / "rules.toml"),
        "DRAIN_FUNCTION": "drain_starts",
        "LOG_LEVEL": "INFO",
        "TRANSCRIPT_LINK_KEY": LINK_KEY,
    }
    if (
        "TRANSCRIPT_LINK_KEY" not in given
    ):  # with links of one's own, nobody may know how to sign these
        values["OPERATOR_LINK_KEY"] = OPERATOR_KEY
    if "TRTC_APPS" not in given:
        values["TRTC_SDK_APP_ID"] = str(SDK_APP_ID)
        values["TRTC_SDK_SECRET_KEY"] = SDK_SECRET_KEY
        values["TRTC_CALLBACK_KEY"] = CALLBACK_KEY
    if "TENCENTCLOUD_SECRETID" not in given:
        values["TENCENT_SECRET_ID"] = SECRET_ID
        values["TENCENT_SECRET_KEY"] = SECRET_KEY
    return values
