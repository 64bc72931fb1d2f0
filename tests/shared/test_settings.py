"""Settings: complete, or one error that names everything wrong; never a secret in sight."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from local.development import LINK_KEY
from shared.errors import SettingsError
from shared.settings import (
    CREDENTIAL_NAMES,
    NAMES,
    Credentials,
    read_credentials,
    read_settings,
)
from tests.support.instance import SETTINGS

APP = {"sdk_app_id": 1400000000, "secret_key": "s3cret-a", "callback_key": "callbackA"}
OTHER = {"sdk_app_id": 1400000001, "secret_key": "s3cret-b", "callback_key": "callbackB"}


def read_problems(environ: dict[str, str]) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        read_settings(environ)
    return caught.value.problems


def test_settings_have_working_defaults() -> None:
    settings = read_settings(SETTINGS)
    assert settings.endpoint == "https://trtc.intl.tencentcloudapi.com"
    assert settings.ledger_url == "sqlite:////tmp/roomscribe-ledger.db"
    assert settings.rules_file.endswith("/rules.toml")
    assert (settings.user_sig_expire_s, settings.callback_max_age_s) == (86400, 300)
    assert settings.transcript_keep_days == 30
    assert settings.require_application(1400000000) is settings.applications[0]
    with pytest.raises(SettingsError, match="application 1 is no longer there"):
        settings.require_application(1)


@pytest.mark.parametrize("name", ["TRTC_SDK_APP_ID", "TRTC_SDK_SECRET_KEY", "TRTC_CALLBACK_KEY"])
def test_each_missing_setting_is_named(name: str) -> None:
    environ = {key: value for key, value in SETTINGS.items() if key != name}
    assert read_problems(environ) == (f"{name}: not set; copy it from the TRTC console",)


def test_all_problems_come_at_once() -> None:
    problems = read_problems(
        {
            "TRTC_SDK_APP_ID": "14e8",
            "TRTC_CALLBACK_KEY": "not-letters!",
            "TRTC_ENDPOINT": "ftp://example.org/path",
            "TRTC_CA": "/no/such/file",
            "USER_SIG_EXPIRE_S": "a day",
            "CALLBACK_MAX_AGE_S": "0",
            "LOG_LEVEL": "LOUD",
        }
    )
    assert [problem.partition(":")[0] for problem in problems] == [
        "TRTC_ENDPOINT",
        "TRTC_SDK_SECRET_KEY",
        "TRTC_SDK_APP_ID",
        "TRTC_CALLBACK_KEY",
        "TRTC_CA",
        "USER_SIG_EXPIRE_S",
        "CALLBACK_MAX_AGE_S",
        "LOG_LEVEL",
    ]


def test_several_applications_come_as_json() -> None:
    settings = read_settings({"TRTC_APPS": json.dumps([APP, OTHER])})
    assert [app.sdk_app_id for app in settings.applications] == [1400000000, 1400000001]


@pytest.mark.parametrize(
    ("apps", "named"),
    [
        ("{", "TRTC_APPS: must be a JSON list"),
        ("[]", "TRTC_APPS: must be a JSON list"),
        ("[" * 100_000, "TRTC_APPS: must be a JSON list"),
        (json.dumps([{**APP, "sdk_app_id": 2**32}]), "must be a whole number"),
        (json.dumps([APP, {**OTHER, "callback_key": "callbackA"}]), "have the same callback_key"),
        (
            json.dumps([APP, {**OTHER, "callback_key": "new,callbackA"}]),
            "have the same callback_key",
        ),
        (
            json.dumps([{**APP, "callback_key": "n,o"}, {**OTHER, "callback_key": "p,o"}]),
            "have the same callback_key",
        ),
        (json.dumps([APP, {**OTHER, "sdk_app_id": 1400000000}]), "the same sdk_app_id"),
        (json.dumps([APP, {"sdk_app_id": 1}]), "TRTC_APPS[1].secret_key: not set"),
        (json.dumps([{**APP, "colour": "red"}]), "TRTC_APPS[0].colour: unknown key"),
    ],
)
def test_wrong_applications_are_named(apps: str, named: str) -> None:
    assert any(named in problem for problem in read_problems({"TRTC_APPS": apps}))


@pytest.mark.parametrize(
    "text",
    [
        "ftp://host",
        "http://[bad",
        "https://a b",
        "https://host/path",
        "https://u@host",
        "http://h:port",
    ],
)
def test_endpoint_of_another_shape_is_named(text: str) -> None:
    (problem,) = read_problems({**SETTINGS, "TRTC_ENDPOINT": text})
    assert problem.startswith("TRTC_ENDPOINT: must be a host")


def test_sqlite_is_shared_on_a_laptop_and_not_on_scf() -> None:
    assert read_settings(SETTINGS).ledger_is_shared
    on_scf = {**SETTINGS, "TENCENTCLOUD_RUNENV": "SCF"}
    assert not read_settings(on_scf).ledger_is_shared
    assert read_settings({**on_scf, "LEDGER_URL": "redis://10.0.0.7:6379/0"}).ledger_is_shared


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("trtc.tencentcloudapi.com", "https://trtc.tencentcloudapi.com"),
        ("http://127.0.0.1:8321", "http://127.0.0.1:8321"),
        ("https://proxy.example:8443/", "https://proxy.example:8443"),
    ],
)
def test_endpoint_is_a_host_or_an_url(text: str, endpoint: str) -> None:
    assert read_settings({**SETTINGS, "TRTC_ENDPOINT": text}).endpoint == endpoint


@pytest.mark.parametrize(
    ("given", "endpoint"),
    [
        ({}, "https://scf.intl.tencentcloudapi.com"),
        ({"TRTC_ENDPOINT": "trtc.tencentcloudapi.com"}, "https://scf.tencentcloudapi.com"),
        (
            {"INVOKE_ENDPOINT": "scf.ap-tokyo.tencentcloudapi.com"},
            "https://scf.ap-tokyo.tencentcloudapi.com",
        ),
    ],
)
def test_functions_are_invoked_at_the_site_of_the_api(given: dict[str, str], endpoint: str) -> None:
    assert read_settings({**SETTINGS, **given}).invoke_endpoint == endpoint


def test_secrets_are_not_in_repr_or_errors() -> None:
    settings = read_settings({**SETTINGS, "LEDGER_URL": "sqlite:///p4ssword/ledger.db"})
    assert not any(
        secret in repr(settings)
        for secret in ("test-sdk-secret-key", "testCallbackKey", "p4ssword")
    )
    problems = read_problems({"TRTC_APPS": json.dumps([{**APP, "callback_key": "s3cret!"}])})
    assert "s3cret" not in "".join(problems)


def test_link_key_is_optional_long_and_secret() -> None:
    assert read_settings(SETTINGS).transcript_link_key is None
    settings = read_settings({**SETTINGS, "TRANSCRIPT_LINK_KEY": "sixteen-or-more!"})
    assert settings.transcript_link_key == "sixteen-or-more!"
    assert "sixteen" not in repr(settings)
    (problem,) = read_problems({**SETTINGS, "TRANSCRIPT_LINK_KEY": "only-15-letters"})
    assert problem.startswith("TRANSCRIPT_LINK_KEY: must have 16 characters or more")
    assert "only-15" not in problem


@pytest.mark.parametrize("days", ["0", "-1", "1.5", "3651", "a month", "1e3"])
def test_senseless_time_to_keep_is_named(days: str) -> None:
    problems = read_problems({**SETTINGS, "TRANSCRIPT_KEEP_DAYS": days})
    assert problems == ("TRANSCRIPT_KEEP_DAYS: must be a whole number of days, 1 to 3650",)


def test_time_to_keep_is_counted_back_from_now() -> None:
    settings = read_settings({**SETTINGS, "TRANSCRIPT_KEEP_DAYS": "3650"})
    assert settings.kept_since_ms(400_000_000_000) == 400_000_000_000 - 3650 * 86_400_000


def test_development_link_key_is_refused_on_scf() -> None:
    environ = {**SETTINGS, "TRANSCRIPT_LINK_KEY": LINK_KEY, "TENCENTCLOUD_RUNENV": "SCF"}
    assert read_problems(environ) == ("TRANSCRIPT_LINK_KEY: holds a development key; set your own",)


def test_development_keys_are_refused_on_scf() -> None:
    environ = {**SETTINGS, "TRTC_CALLBACK_KEY": "NotASecretCallbackKey"}
    assert read_settings(environ)
    problems = read_problems({**environ, "TENCENTCLOUD_RUNENV": "SCF"})
    assert problems == ("TRTC_CALLBACK_KEY: holds a development key; set your own",)


def test_credentials_prefer_the_run_role_and_are_read_anew() -> None:
    environ = {"TENCENT_SECRET_ID": "id", "TENCENT_SECRET_KEY": "key"}
    assert read_credentials(environ) == Credentials("id", "key", None)
    environ |= {"TENCENTCLOUD_SECRETID": "role", "TENCENTCLOUD_SECRETKEY": "rkey"}
    environ |= {"TENCENTCLOUD_SESSIONTOKEN": "token"}
    assert read_credentials(environ) == Credentials("role", "rkey", "token")


def test_missing_credentials_are_named() -> None:
    with pytest.raises(SettingsError, match="TENCENT_SECRET_ID, TENCENT_SECRET_KEY: not set"):
        read_credentials({"TENCENT_SECRET_ID": "id"})


class Noted(dict[str, str]):
    """An environment that notes which of its variables were asked for."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        super().__init__(environ)
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.asked.add(name)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self.asked.add(name)
        return super().get(name, default)


@pytest.mark.parametrize(
    "apps", ["", '[{"sdk_app_id": 1, "secret_key": "s", "callback_key": "c"}]']
)
def test_variable_that_is_looked_at_is_one_whose_change_is_noticed(apps: str) -> None:
    environ = Noted({**SETTINGS, "TRTC_APPS": apps, "TENCENTCLOUD_RUNENV": "SCF"})
    read_settings(environ)  # without the memory of the last environment
    assert environ.asked <= set(NAMES)


def test_changed_variable_is_read_again() -> None:
    assert read_settings({**SETTINGS, "TASK_QUOTA": "7"}).task_quota == 7
    assert read_settings({**SETTINGS, "TASK_QUOTA": "8"}).task_quota == 8
    assert read_settings(SETTINGS).task_quota == 100


PLAIN = {  # a value of each setting that is right
    **SETTINGS,
    "TRTC_APPS": "",
    "TRTC_ENDPOINT": "trtc.tencentcloudapi.com",
    "TRTC_CA": "/etc",
    "LEDGER_URL": "redis://:right@10.0.0.7:6379/0",
    "LEDGER_NAME": "a-name",
    "STAGE": "prod",
    "RULES_FILE": "/rules.toml",
    "LOG_LEVEL": "DEBUG",
    "TENCENTCLOUD_RUNENV": "",
    "USER_SIG_EXPIRE_S": "60",
    "CALLBACK_MAX_AGE_S": "60",
    "TASK_QUOTA": "17",
    "STREAM_QUOTA": "18",
    "DRAIN_FUNCTION": "roomscribe-prod-drain_starts",
    "INVOKE_ENDPOINT": "scf.tencentcloudapi.com",
    "STARTS_PER_S_CLOUD": "17",
    "STARTS_PER_S_AI": "17",
    "TRANSCRIPT_LINK_KEY": "a key made up here",
    "TRANSCRIPT_KEEP_DAYS": "17",
    "ARCHIVE_URL": "cos://minutes-1250000000/prod?region=ap-singapore",
    "LEDGER_KEEP_HOURS": "17",
    "OPERATOR_LINK_KEY": "another key made up here",
    "EVENTS_URL": "https://example.com/events",
    "EVENTS_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "EVENTS_ALLOW_PRIVATE": "true",
    "RECONCILE": "auto",
    "RECONCILE_DIGITS_AS": "string",
    "TENCENT_TOKEN": "a-token",
}
NAMED = sorted(set(NAMES) - {"TRTC_APPS", "TENCENTCLOUD_RUNENV"})
AROUND = ("\ufeff{}", " {} ", "\t{}\r\n", "{}\u3000", "\ufeff {}\n", " \ufeff{}")
UNSEEN = (
    "\n",
    "\t",
    "\r",
    "\x00",
    "\x7f",
    "\u200b",
    "\u200d",
    "\u2060",
    "\ufeff",
    "\u2028",
    "\u202e",
    "\xa0",
)


def test_every_setting_has_a_right_value_here() -> None:
    assert PLAIN.keys() == set(NAMES)
    assert read_settings(PLAIN).task_quota == 17


@pytest.mark.parametrize("name", NAMED)
@pytest.mark.parametrize("around", AROUND)
def test_what_surrounds_a_setting_is_stripped(name: str, around: str) -> None:
    padded = {**PLAIN, name: around.format(PLAIN[name])}
    assert read_settings(padded) == read_settings(PLAIN)
    assert read_credentials(padded) == read_credentials(PLAIN)


@pytest.mark.parametrize("name", NAMED)
@pytest.mark.parametrize("unseen", UNSEEN)
def test_invisible_character_within_a_setting_is_refused_by_name(name: str, unseen: str) -> None:
    text = PLAIN[name]
    (problem,) = read_problems({**PLAIN, name: text[:1] + unseen + text[1:]})
    assert problem == f"{name}: holds a line break or an invisible character; type it anew"


@pytest.mark.parametrize("name", NAMED)
@pytest.mark.parametrize(
    "text", ["undefined", "${env:X}", "${X}", "a-${env:STAGE}-b", " undefined "]
)
def test_setting_that_was_never_set_is_refused_by_name(name: str, text: str) -> None:
    (problem,) = read_problems({**PLAIN, name: text})
    assert problem.startswith(f'{name}: holds "undefined" or ${{…}}')


def test_stage_that_was_never_set_is_found_in_the_drainer_s_name() -> None:
    (problem,) = read_problems({**PLAIN, "DRAIN_FUNCTION": "roomscribe-undefined-drain_starts"})
    assert problem.startswith('DRAIN_FUNCTION: holds "undefined"')


@pytest.mark.parametrize(
    "name", ["TRTC_SDK_SECRET_KEY", "TRTC_CALLBACK_KEY", "TRANSCRIPT_LINK_KEY"]
)
@pytest.mark.parametrize("key", ["a" * 16, "ab" * 8, "0" * 32, "1234" * 8])
def test_key_without_variety_is_refused_by_name(name: str, key: str) -> None:
    (problem,) = read_problems({**PLAIN, name: key})
    assert problem == f"{name}: is a few characters over and over; set a real key"


@pytest.mark.parametrize(
    "key", ["callbackKey", "1", "abc", "a1b2c3", "0123456789", "deadbeefdeadbeef"]
)
def test_key_of_some_variety_is_taken(key: str) -> None:
    settings = read_settings({**PLAIN, "TRTC_CALLBACK_KEY": key})
    assert settings.applications[0].callback_key == key


@given(st.binary(min_size=8, max_size=32))
def test_no_random_key_lacks_variety(raw: bytes) -> None:
    """But for one in millions, which hypothesis draws on purpose: all bytes alike."""
    assume(len(set(raw)) > 5)
    for key in (raw.hex(), base64.b64encode(raw).decode()):
        assert read_settings({**PLAIN, "TRANSCRIPT_LINK_KEY": key.rjust(16, "x")})


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"secret_key": "s3cret\n-a"}, "TRTC_APPS[0].secret_key: holds a line break"),
        ({"secret_key": "undefined"}, 'TRTC_APPS[0].secret_key: holds "undefined"'),
        ({"callback_key": "callback\u200bA"}, "TRTC_APPS[0].callback_key: holds a line break"),
        ({"callback_key": "a" * 32}, "TRTC_APPS[0].callback_key: is a few characters"),
        ({"sdk_app_id": "${env:ID}"}, 'TRTC_APPS[0].sdk_app_id: holds "undefined"'),
    ],
)
def test_what_no_setting_may_be_is_named_in_an_application_too(
    change: dict[str, str], problem: str
) -> None:
    problems = read_problems({"TRTC_APPS": json.dumps([{**APP, **change}])})
    assert problems[0].startswith(problem)


def test_applications_may_be_written_on_several_lines() -> None:
    padded = {name: f"\ufeff {value}\n" for name, value in APP.items() if isinstance(value, str)}
    settings = read_settings({"TRTC_APPS": f"\ufeff{json.dumps([{**APP, **padded}], indent=2)}\n"})
    (app,) = settings.applications
    assert (app.secret_key, app.callback_key) == ("s3cret-a", "callbackA")


@pytest.mark.parametrize("names", CREDENTIAL_NAMES)
@pytest.mark.parametrize("number", [0, 1, 2])
@pytest.mark.parametrize(
    "text", ["se\ncret", "se\u200bcret", "sécret", "se cret", "undefined", "${X}"]
)
def test_credential_that_no_header_can_carry_is_refused_by_name(
    names: tuple[str, str, str], number: int, text: str
) -> None:
    environ = {**dict(zip(names, ("id", "key", "token"), strict=True)), names[number]: text}
    with pytest.raises(SettingsError) as caught:
        read_credentials(environ)
    (problem,) = caught.value.problems
    assert problem.startswith(f"{names[number]}: holds ")
    assert "cret" not in problem


def test_blank_credentials_are_none() -> None:
    with pytest.raises(SettingsError, match="not set; set both"):
        read_credentials({"TENCENT_SECRET_ID": " \ufeff", "TENCENT_SECRET_KEY": "\n"})


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({}, "roomscribe"),
        ({"STAGE": "prod"}, "prod"),
        ({"STAGE": "prod", "LEDGER_NAME": "blue-1_B"}, "blue-1_B"),
        ({"STAGE": "prod", "LEDGER_NAME": ""}, "prod"),
    ],
)
def test_ledger_is_called_what_is_said_or_like_the_stage(given: dict[str, str], name: str) -> None:
    assert read_settings({**SETTINGS, **given}).ledger_name == name


@pytest.mark.parametrize("name", ["a b", "{blue}", "blue:1", "é", "n" * 41])
@pytest.mark.parametrize("variable", ["LEDGER_NAME", "STAGE"])
def test_name_that_no_ledger_can_have_is_refused(variable: str, name: str) -> None:
    (problem,) = read_problems({**SETTINGS, variable: name})
    assert problem.startswith("LEDGER_NAME: must be 1 to 40 letters, digits, - and _")


@pytest.mark.parametrize(
    "environ", [{"TRTC_CALLBACK_KEY": "newKey1,oldKey2"}, {"TRTC_APPS": "new"}]
)
def test_two_callback_keys_are_a_new_and_an_old_one(environ: dict[str, str]) -> None:
    apps = json.dumps([{**APP, "callback_key": "newKey1,oldKey2"}])
    environ = {"TRTC_APPS": apps} if "TRTC_APPS" in environ else environ
    (app,) = read_settings({**SETTINGS, **environ}).applications
    assert (app.callback_key, app.old_callback_key) == ("newKey1", "oldKey2")
    assert "Key" not in repr(app)


@pytest.mark.parametrize(
    "keys", ["a,b,c", ",b", "a,", "a;b", f"{'a1b2' * 8}x,b", f"a,{'a1b2' * 8}x"]
)
def test_what_is_not_two_callback_keys_is_refused(keys: str) -> None:
    (problem,) = read_problems({**SETTINGS, "TRTC_CALLBACK_KEY": keys})
    assert problem.startswith("TRTC_CALLBACK_KEY: must be 1 to 32 letters and digits")
    assert problem.endswith('or two such keys, "new,old"')


def test_good_callback_key_does_not_hide_a_bad_one_beside_it() -> None:
    (problem,) = read_problems({**SETTINGS, "TRTC_CALLBACK_KEY": f"aGoodKeyOfLetters,{'b' * 32}"})
    assert problem.startswith("TRTC_CALLBACK_KEY: is a few characters over and over")


@pytest.mark.parametrize("text", ["/" + "a" * 5_000, "a" * 300, "/etc/passwd/" + "b/" * 3_000])
def test_path_that_no_file_can_have_is_named(text: str) -> None:
    assert read_problems({**SETTINGS, "TRTC_CA": text}) == ("TRTC_CA: no such file or directory",)


@pytest.mark.parametrize(
    "name",
    [
        *("CALLBACK_MAX_AGE_S", "USER_SIG_EXPIRE_S", "TASK_QUOTA"),
        *("STARTS_PER_S_CLOUD", "STARTS_PER_S_AI", "TRANSCRIPT_KEEP_DAYS"),
    ],
)
def test_error_tells_both_bounds_of_a_number(name: str) -> None:
    (problem,) = read_problems({**SETTINGS, name: "9" * 5_000})
    low, high = re.findall(r"[0-9]+", problem.partition(": ")[2])
    read_settings({**SETTINGS, name: low})
    read_settings({**SETTINGS, name: high})
    for beyond in (int(low) - 1, int(high) + 1):
        assert read_problems({**SETTINGS, name: str(beyond)}) == (problem,)


def test_error_tells_the_largest_application_id() -> None:
    (problem,) = read_problems({**SETTINGS, "TRTC_SDK_APP_ID": "4294967296"})
    assert problem.endswith("at most 4294967295")
    read_settings({**SETTINGS, "TRTC_SDK_APP_ID": "4294967295"})


@pytest.mark.parametrize("port", ["65536", "99999"])
def test_port_that_no_host_has_is_refused(port: str) -> None:
    (problem,) = read_problems({**SETTINGS, "TRTC_ENDPOINT": f"example.org:{port}"})
    assert problem.startswith("TRTC_ENDPOINT: must be a host")
    read_settings({**SETTINGS, "TRTC_ENDPOINT": "example.org:65535"})


@pytest.mark.parametrize("name", ["TRTC_ENDPOINT", "INVOKE_ENDPOINT"])
@pytest.mark.parametrize(
    "host",
    ["trtc.tencentcloudapi.com", "127.0.0.1.example.org", "localhost.example.org:80", "10.0.0.7"],
)
def test_endpoint_without_tls_is_refused_on_scf(name: str, host: str) -> None:
    environ = {"TRTC_SDK_APP_ID": "1400000000", "TRTC_SDK_SECRET_KEY": "s3cret-of-somebody"}
    environ |= {"TRTC_CALLBACK_KEY": "callbackA", name: f"http://{host}"}
    read_settings(environ)
    problems = read_problems({**environ, "TENCENTCLOUD_RUNENV": "SCF"})
    assert problems == (f"{name}: must be https on SCF; leave http:// out",)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8321", "http://localhost:8321/", "http://127.0.0.1"]
)
def test_loopback_needs_no_tls_because_nothing_leaves_the_machine(url: str) -> None:
    """The local cloud's own SCF runs deployed functions beside its API."""
    environ = {"TRTC_SDK_APP_ID": "1400000000", "TRTC_SDK_SECRET_KEY": "s3cret-of-somebody"}
    environ |= {"TRTC_CALLBACK_KEY": "callbackA", "TRTC_ENDPOINT": url, "INVOKE_ENDPOINT": url}
    assert read_settings({**environ, "TENCENTCLOUD_RUNENV": "SCF"}).endpoint == url.rstrip("/")


@pytest.mark.parametrize(
    ("endpoint", "is_refused"),
    [
        ("http://cos.example.com", True),
        ("http%3A%2F%2Fcos.example.com", True),
        ("http://127.0.0.1.example.com", True),
        ("https://cos.example.com", False),
        ("http://127.0.0.1:8323", False),
    ],
)
@pytest.mark.parametrize("query", ["region=ap-singapore&endpoint={}", "endpoint={}&region=r"])
def test_archive_without_tls_is_refused_on_scf(query: str, endpoint: str, is_refused: bool) -> None:
    url = f"cos://meetings-1250000000/all?{query.format(endpoint)}"
    environ = {"TRTC_SDK_APP_ID": "1400000000", "TRTC_SDK_SECRET_KEY": "s3cret-of-somebody"}
    environ |= {"TRTC_CALLBACK_KEY": "callbackA", "ARCHIVE_URL": url}
    assert read_settings(environ).archive_url == url
    environ["TENCENTCLOUD_RUNENV"] = "SCF"
    if is_refused:
        problem = "ARCHIVE_URL: must be https on SCF; leave http:// out"
        assert read_problems(environ) == (problem,)
    else:
        assert read_settings(environ).archive_url == url


@pytest.mark.parametrize(
    ("given", "is_refused"),
    [
        ({}, True),
        ({"EVENTS_ALLOW_PRIVATE": "true", "TENCENTCLOUD_RUNENV": "SCF"}, True),
        ({"EVENTS_ALLOW_PRIVATE": "true"}, False),
    ],
)
def test_event_without_tls_is_sent_from_a_laptop_alone(
    given: dict[str, str], is_refused: bool
) -> None:
    environ = {"TRTC_SDK_APP_ID": "1400000000", "TRTC_SDK_SECRET_KEY": "s3cret-of-somebody"}
    environ |= {"TRTC_CALLBACK_KEY": "callbackA", "EVENTS_SECRET": f"whsec_{'abcd' * 10}", **given}
    assert read_settings({**environ, "EVENTS_URL": "https://example.com/events"}).endpoints
    environ["EVENTS_URL"] = "http://example.com/events"
    if is_refused:
        assert read_problems(environ) == ("EVENTS_URL: must begin with https://",)
    else:
        assert read_settings(environ).endpoints
