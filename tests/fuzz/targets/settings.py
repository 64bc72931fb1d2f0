"""Settings: every mistake is a SettingsError that names the setting, and no error tells a secret.

An input is lines; the first character of each says which setting the rest of it is.
"""

from __future__ import annotations

import json
import string
from collections.abc import Iterator, Mapping

from shared.errors import SettingsError
from shared.ledger import close_ledgers, open_ledger
from shared.settings import CREDENTIAL_NAMES, NAMES, Settings, read_credentials, read_settings

KNOWN = tuple(dict.fromkeys((*NAMES, *CREDENTIAL_NAMES[0], *CREDENTIAL_NAMES[1])))
LETTERS = string.ascii_letters + string.digits
BASE = {
    "TRTC_SDK_APP_ID": "1400000000",
    "TRTC_SDK_SECRET_KEY": "0123456789abcdef0123456789abcdef",
    "TRTC_CALLBACK_KEY": "CallbackKey1",
}
SECRETS = ("TRTC_SDK_SECRET_KEY", "TRTC_CALLBACK_KEY", "TRANSCRIPT_LINK_KEY", "TENCENT_SECRET_KEY")
MARK = "Zq7SecretZq7"  # at the end of every secret: where it stands, the secret was told
LONG = 12  # characters of a password that are in an error only if they were copied
APPS = [
    {"sdk_app_id": 1400000000 + i, "secret_key": "abcdef" * i, "callback_key": f"key{i}"}
    for i in (1, 2)
]
SEEDS: tuple[Mapping[str, str], ...] = (
    {},
    {"TRTC_APPS": json.dumps(APPS), "LOG_LEVEL": "debug", "STAGE": "prod"},
    {"TRTC_ENDPOINT": "https://trtc.tencentcloudapi.com", "INVOKE_ENDPOINT": "scf.example:443"},
    {"LEDGER_URL": "redis://me:pass%40word@127.0.0.1:6379/0?ssl_cert_reqs=none", "TRTC_CA": "/"},
    {"LEDGER_URL": "unix:///var/run/redis.sock?db=0&password=secret", "LEDGER_NAME": "a-b_c"},
    {"USER_SIG_EXPIRE_S": "86400", "CALLBACK_MAX_AGE_S": "300", "TASK_QUOTA": "100"},
    {"STARTS_PER_S_CLOUD": "20", "STARTS_PER_S_AI": "50", "DRAIN_FUNCTION": "drain_starts"},
    {"TRANSCRIPT_LINK_KEY": "0123456789abcdefghij", "TRANSCRIPT_KEEP_DAYS": "30"},
    {"TENCENTCLOUD_RUNENV": "SCF", "TENCENT_SECRET_ID": "AKIDabcdef", "TENCENT_SECRET_KEY": "x"},
)


def list_seeds() -> Iterator[bytes]:
    """Settings of each kind."""
    for given in SEEDS:
        lines = (LETTERS[KNOWN.index(name)] + text for name, text in given.items())
        yield "\n".join(lines).encode()


def run(data: bytes) -> None:
    """Fail on anything but settings or a SettingsError."""
    environ = dict(BASE)
    for line in data.replace(b"\0", b"").decode("utf-8", "surrogateescape").split("\n"):
        if line:
            name = KNOWN[LETTERS.find(line[0]) % len(KNOWN)]
            environ[name] = line[1:] + (MARK if name in SECRETS else "")
    _read_credentials(environ)
    try:
        settings = read_settings(environ)
    except SettingsError as error:
        _check_error(error)
        return
    _check_settings(settings)


def _read_credentials(environ: Mapping[str, str]) -> None:
    try:
        credentials = read_credentials(environ)
    except SettingsError as error:
        _check_error(error)
        return
    assert all(text.isascii() and text.isprintable() for text in credentials if text is not None)


def _check_error(error: SettingsError) -> None:
    assert error.problems
    for problem in error.problems:
        assert problem.startswith(KNOWN), problem
        assert problem.isprintable()
    assert MARK not in str(error)


def _check_settings(settings: Settings) -> None:
    assert MARK not in repr(settings)
    assert settings.applications
    assert len({app.callback_key for app in settings.applications}) == len(settings.applications)
    numbers = (settings.user_sig_expire_s, settings.callback_max_age_s, settings.task_quota)
    assert all(1 <= number < 10**9 for number in (*numbers, *settings.starts_per_s.values()))
    assert settings.endpoint.startswith(("http://", "https://"))
    if not settings.ledger_url.startswith("sqlite:"):
        _open_ledger(settings.ledger_url)


def _open_ledger(url: str) -> None:
    """A client is made, and nothing is asked of any server."""
    try:
        open_ledger(url)
    except SettingsError as error:
        password = url.partition("://")[2].rpartition("@")[0].rpartition(":")[2]
        assert len(password) < LONG or password not in str(error)
    finally:
        close_ledgers()
