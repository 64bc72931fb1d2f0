"""The emulator's configuration out of an environment."""

import json

import pytest

from local.cloud.config import Application, CloudConfig
from local.errors import LocalError

ENVIRON = {
    "TRTC_SDK_APP_ID": "1400000001",
    "TRTC_SDK_SECRET_KEY": "sdk-secret",
    "TRTC_CALLBACK_KEY": "callbackSecret",
    "TENCENT_SECRET_ID": "id",
    "TENCENT_SECRET_KEY": "api-secret",
}


def test_environment_gives_application_and_credentials() -> None:
    config = CloudConfig.from_environ({**ENVIRON, "TENCENT_TOKEN": "t"}, callback_url="http://x")
    assert config.applications == (Application(1400000001, "sdk-secret", "callbackSecret"),)
    assert (config.secret_id, config.secret_key, config.token) == ("id", "api-secret", "t")
    assert config.callback_url == "http://x"
    assert (config.starts_per_s_ai, config.starts_per_s_cloud, config.task_quota) == (50, 20, 100)


def test_credentials_of_a_role_come_first() -> None:
    role = {
        "TENCENTCLOUD_SECRETID": "role-id",
        "TENCENTCLOUD_SECRETKEY": "role-key",
        "TENCENTCLOUD_SESSIONTOKEN": "role-token",
    }
    config = CloudConfig.from_environ({**ENVIRON, **role})
    assert (config.secret_id, config.secret_key, config.token) == tuple(role.values())


def test_several_applications_come_as_json() -> None:
    apps = [
        {"sdk_app_id": 1, "secret_key": "a", "callback_key": "b"},
        {"sdk_app_id": 2, "secret_key": "c"},
    ]
    config = CloudConfig.from_environ({**ENVIRON, "TRTC_APPS": json.dumps(apps)})
    assert config.applications == (Application(1, "a", "b"), Application(2, "c", ""))


def test_of_two_callback_keys_the_new_one_signs() -> None:
    config = CloudConfig.from_environ({**ENVIRON, "TRTC_CALLBACK_KEY": "newKey,oldKey"})
    assert config.applications[0].callback_key == "newKey"


def test_limits_come_from_the_environment_and_yield_to_overrides() -> None:
    environ = {**ENVIRON, "STARTS_PER_S_AI": "5", "STARTS_PER_S_CLOUD": "6", "TASK_QUOTA": "7"}
    config = CloudConfig.from_environ(environ, task_quota=8)
    assert (config.starts_per_s_ai, config.starts_per_s_cloud, config.task_quota) == (5, 6, 8)


@pytest.mark.parametrize("missing", [name for name in ENVIRON if name != "TRTC_CALLBACK_KEY"])
def test_missing_setting_is_named(missing: str) -> None:
    environ = {name: value for name, value in ENVIRON.items() if name != missing}
    with pytest.raises(LocalError, match=missing):
        CloudConfig.from_environ(environ)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TRTC_SDK_APP_ID", "one"),
        ("TRTC_APPS", "{"),
        ("TRTC_APPS", '[{"sdk_app_id": 1}]'),
        ("TRTC_APPS", "[1]"),
        ("TASK_QUOTA", "0"),
        ("STARTS_PER_S_AI", "-1"),
        ("STARTS_PER_S_CLOUD", "many"),
    ],
)
def test_malformed_setting_is_named(name: str, value: str) -> None:
    with pytest.raises(LocalError, match=name):
        CloudConfig.from_environ({**ENVIRON, name: value})


def test_no_secret_is_in_its_repr() -> None:
    text = repr(CloudConfig.from_environ({**ENVIRON, "TENCENT_TOKEN": "token-secret"}))
    assert "ecret" not in text.replace("secret_id", "")
