"""What is wrong with a deployment is said by name before the first call."""

from __future__ import annotations

import pytest

from deploy.settings import (
    MAX_STAGE_CHARACTERS,
    find_problems,
    is_private,
    list_secrets,
    read_settings,
)

RIGHT = {
    "STAGE": "prod",
    "REGION": "ap-singapore",
    "ROLE": "roomscribe",
    "TRTC_SDK_APP_ID": "1400000000",
    "TRTC_SDK_SECRET_KEY": "SdkSecret",
    "TRTC_CALLBACK_KEY": "callbackKey",
    "LEDGER_URL": "sqlite:////tmp/ledger.db",
}
NETWORK = {"VPC_ID": "vpc-a1b2c3d4", "SUBNET_ID": "subnet-a1b2c3d4"}


def name_problems(**changes: str) -> list[str]:
    return [problem.name for problem in find_problems({**RIGHT, **changes})]


def test_right_settings_have_no_problems() -> None:
    assert name_problems() == []
    assert name_problems(**NETWORK, LEDGER_URL="redis://:p@10.0.0.7:6379/0") == []
    assert name_problems(TENCENT_SECRET_ID="i", TENCENT_SECRET_KEY="k") == []


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_missing_is_named(name: str) -> None:
    assert name_problems(**{name: ""}) == [name]


def test_several_applications_stand_for_the_one() -> None:
    assert name_problems(**dict.fromkeys(list(RIGHT)[3:6], ""), TRTC_APPS="[…]") == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("STAGE", "s" * (MAX_STAGE_CHARACTERS + 1)),
        ("STAGE", "my stage"),
        ("STAGE", "${env:STAGE}"),
        ("REGION", "singapore"),
        ("REGION", "AP-Singapore"),
        ("REGION", "ap-singapore-1-2"),
        ("ROLE", "qcs::cam::uin/1:roleName/roomscribe"),
        ("ROLE", "ro\nle"),
    ],
)
def test_what_has_another_form_is_named(name: str, value: str) -> None:
    assert name_problems(**{name: value}) == [name]


@pytest.mark.parametrize("region", ["ap-guangzhou", "ap-shanghai-fsi", "na-siliconvalley"])
def test_regions_have_this_form(region: str) -> None:
    assert name_problems(REGION=region) == []


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"VPC_ID": NETWORK["VPC_ID"]}, ["SUBNET_ID"]),
        ({"SUBNET_ID": NETWORK["SUBNET_ID"]}, ["VPC_ID"]),
        ({**NETWORK, "VPC_ID": "my-vpc"}, ["VPC_ID"]),
        ({**NETWORK, "SUBNET_ID": NETWORK["VPC_ID"]}, ["SUBNET_ID"]),
        ({"LEDGER_URL": "redis://10.0.0.7:6379/0"}, ["VPC_ID"]),
        ({"LEDGER_URL": "rediss://u:p@192.168.3.4:6379"}, ["VPC_ID"]),
        ({"LEDGER_URL": "redis://172.16.0.9:6379"}, ["VPC_ID"]),
        ({"LEDGER_URL": "redis://redis.example.com:6379"}, []),
        ({"TENCENT_SECRET_ID": "i"}, ["TENCENT_SECRET_KEY"]),
        ({"TENCENT_SECRET_KEY": "k"}, ["TENCENT_SECRET_ID"]),
    ],
)
def test_what_does_not_go_together_is_named(changes: dict[str, str], names: list[str]) -> None:
    assert name_problems(**changes) == names


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TRTC_SDK_SECRET_KEY", "undefined"),
        ("TRTC_CALLBACK_KEY", "${env:TRTC_CALLBACK_KEY}"),
        ("TENCENT_TOKEN", "a\u200bb"),
        ("TRANSCRIPT_LINK_KEY", "a" * 20),
    ],
)
def test_what_can_be_no_setting_is_named(name: str, value: str) -> None:
    assert name_problems(**{name: value}) == [name]


def test_what_surrounds_a_setting_goes() -> None:
    given = {"STAGE": " prod\n", "TENCENT_SECRET_ID": "\ufeffid ", "PATH": " /bin "}
    assert read_settings(given) == {"STAGE": "prod", "TENCENT_SECRET_ID": "id", "PATH": " /bin "}


def test_every_problem_says_what_to_do_and_shows_no_value() -> None:
    wrong = dict.fromkeys(("STAGE", "REGION", "ROLE", "VPC_ID", "SUBNET_ID"), "!secret!")
    problems = find_problems(wrong)
    assert len(problems) == 9
    for problem in problems:
        assert problem.remedy
        assert "docs/deploy.md#" in str(problem)
        assert "!secret!" not in str(problem)


@pytest.mark.parametrize(
    ("url", "private"),
    [
        ("redis://:secret@10.0.0.7:6379/0", True),
        ("redis://127.0.0.1:6379", False),
        ("rediss://redis.example:6379", False),
        ("sqlite:////tmp/ledger.db", False),
        ("unix:///run/redis.sock", False),
        ("redis://[half", False),
    ],
)
def test_address_of_a_vpc_is_known(url: str, private: bool) -> None:
    assert is_private(url) is private


def test_secrets_are_known_whole_and_in_parts() -> None:
    environ = {
        "LEDGER_URL": "redis://user:pass-word@10.0.0.7:6379/0",
        "TRTC_APPS": '[{"sdk_app_id": 1, "secret_key": "first-key", "callback_key":"second"}]',
        "TRTC_CALLBACK_KEY": "abc",
        "TRANSCRIPT_LINK_KEY": "new-link-key,old-link-key",
        "STAGE": "not a secret",
    }
    whole = [environ[name] for name in ("TRTC_APPS", "LEDGER_URL", "TRANSCRIPT_LINK_KEY")]
    assert list_secrets(environ)[:3] == whole  # the longest first: parts stand in them
    assert sorted(list_secrets(environ)[3:]) == [
        *("first-key", "new-link-key", "old-link-key", "pass-word", "second"),
    ]
