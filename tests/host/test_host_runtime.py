"""What the host gives a function, beside running it."""

from __future__ import annotations

from pathlib import Path

import pytest

from local.development import local_environment
from local.host.scf_runtime import FunctionFailure, describe_environment, read_log_line


@pytest.mark.parametrize(
    ("line", "record"),
    [
        (b'{"message": "a", "n": 1}\n', {"message": "a", "n": 1}),
        (b"plain\r\n", {"message": "plain"}),
        (b"[1]\n", {"message": "[1]"}),
        (b"{broken\n", {"message": "{broken"}),
        (b"\xff\n", {"message": "�"}),
        (b"[" * 8000 + b"\n", {"message": "[" * 8000}),
    ],
)
def test_log_line_is_an_object_or_a_message(line: bytes, record: dict[str, object]) -> None:
    assert read_log_line(line) == record


def test_log_line_over_8_kb_is_cut() -> None:
    line = b'{"message": "' + b"x" * 9000 + b'"}\n'
    assert read_log_line(line) == {"message": line[:8192].decode()}


def test_failure_is_scfs_error_result() -> None:
    assert FunctionFailure(430, "trace").describe("id") == {
        "errorCode": -1,
        "errorMessage": "user code exception caught",
        "requestId": "id",
        "stackTrace": "trace",
        "statusCode": 430,
    }


def test_environment_wins_over_a_setting_of_scfs_reserved_names() -> None:
    environ = describe_environment("f", Path("/code/functions"), {"SCF_FUNCTIONNAME": "other"}, {})
    assert environ["SCF_FUNCTIONNAME"] == "f"
    assert environ["PYTHONPATH"] == "/code/functions:/code"


def test_development_values_complete_an_empty_environment() -> None:
    settings = local_environment({}, endpoint="http://127.0.0.1:1")
    root = Path(__file__).resolve().parents[2]
    assert settings == {
        "TRTC_SDK_APP_ID": "1400000001",
        "TRTC_SDK_SECRET_KEY": "NotASecret-roomscribe-development-sdk-secret-key",
        "TRTC_CALLBACK_KEY": "NotASecretCallbackKey",
        "TENCENT_SECRET_ID": "NotASecretId",
        "TENCENT_SECRET_KEY": "NotASecretKey",
        "TRTC_ENDPOINT": "http://127.0.0.1:1",
        "INVOKE_ENDPOINT": "http://127.0.0.1:1",
        "DRAIN_FUNCTION": "drain_starts",
        "LEDGER_URL": f"sqlite:///{root}/.roomscribe/ledger.db",
        "RULES_FILE": f"{root}/rules.toml",
        "LOG_LEVEL": "INFO",
        "TRANSCRIPT_LINK_KEY": "NotASecret-transcript-link-key",
        "OPERATOR_LINK_KEY": "NotASecret-operator-link-key",
    }


def test_given_settings_stay_and_everything_else_goes() -> None:
    given = {
        "TRTC_APPS": "[]",
        "TENCENTCLOUD_SECRETID": "id",
        "TENCENTCLOUD_SECRETKEY": "key",
        "TENCENTCLOUD_SESSIONTOKEN": "token",
        "LEDGER_URL": "sqlite:////x",
        "TASK_QUOTA": "3",
        "STARTS_PER_S_AI": "4",
        "DRAIN_FUNCTION": "other",
        "LOG_LEVEL": "DEBUG",
        "TRANSCRIPT_LINK_KEY": "a key of one's own",
        "TRTC_CA": "",
        "TENCENTCLOUD_RUNENV": "SCF",
        "PATH": "/bin",
    }
    settings = local_environment(given, endpoint="http://e")
    kept = [name for name in given if name not in ("TRTC_CA", "TENCENTCLOUD_RUNENV", "PATH")]
    assert set(settings) == {*kept, "TRTC_ENDPOINT", "INVOKE_ENDPOINT", "RULES_FILE"}
    assert all(settings[name] == given[name] for name in kept)


def test_real_endpoint_in_the_environment_is_not_reached() -> None:
    real = {"TRTC_ENDPOINT": "trtc.example", "INVOKE_ENDPOINT": "scf.example"}
    settings = local_environment(real, endpoint="http://e")
    assert (settings["TRTC_ENDPOINT"], settings["INVOKE_ENDPOINT"]) == ("http://e", "http://e")


def test_functions_invoke_each_other_at_home_whatever_trtc_they_call() -> None:
    settings = local_environment({}, endpoint="trtc.example", invoke_endpoint="http://home")
    assert (settings["TRTC_ENDPOINT"], settings["INVOKE_ENDPOINT"]) == (
        "trtc.example",
        "http://home",
    )
