"""Both editions of the typed official SDK against the emulator, unmodified; see test_signatures."""

from collections.abc import Mapping
from typing import Any

import pytest
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException

from local.cloud.fields import Field
from local.cloud.parameters import ACTIONS
from tests.emulator import official_sdk
from tests.emulator.official_clients import SIGN_METHODS, run_intl
from tests.emulator.official_sdk import flatten
from tests.support.emulator import make_user_sig, running_cloud

KINDS = {"int": "int", "float": "float", "str": "str"}


@pytest.mark.parametrize("sign_method", SIGN_METHODS)
def test_typed_sdk_raises_the_emulators_error(sign_method: str) -> None:
    with running_cloud() as cloud:
        client = official_sdk.connect(cloud.port, sign_method=sign_method)
        with pytest.raises(TencentCloudSDKException) as raised:
            official_sdk.call(client, "StopAITranscription", {"TaskId": "unknown"})
    assert raised.value.code == "FailedOperation.TaskNotExist"
    assert raised.value.requestId


def test_sdk_with_unsigned_payload_is_accepted() -> None:
    with running_cloud() as cloud:
        client = official_sdk.connect(cloud.port, unsigned_payload=True)
        answers = official_sdk.drive(client, make_user_sig(official_sdk.BOT))
    assert answers["DescribeCloudTranscription"]["Status"] == "Idle"


def test_every_parameter_of_the_sdk_is_in_the_tables_and_none_else() -> None:
    china, intl = official_sdk.read_models(), run_intl("models")
    for action in official_sdk.REQUESTS:
        shape = describe_table(ACTIONS[action].table)
        assert flatten(shape) == {**flatten(china[action]), **flatten(intl[action])}


def describe_table(table: Mapping[str, Field]) -> dict[str, Any]:
    """A table in the shape that official_sdk gives models."""
    return {name: describe_field(field) for name, field in table.items()}


def describe_field(field: Field) -> Any:
    if field.fields is not None:
        return describe_table(field.fields)
    return [describe_field(field.item)] if field.item is not None else KINDS[field.kind]
