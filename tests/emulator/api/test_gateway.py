"""Other products' APIs behind the same gateway."""

from collections.abc import Mapping
from typing import Any

import pytest

from local.cloud.errors import ApiError
from tests.support.emulator import RunningCloud, running_cloud

SCF_VERSION = "2018-04-16"


class Scf:
    """An API that says what it was asked."""

    version = SCF_VERSION
    actions = frozenset({"Invoke"})

    async def run(
        self, action: str, region: str, parameters: Mapping[str, Any]
    ) -> dict[str, object]:
        if parameters.get("FunctionName") == "nobody":
            raise ApiError("ResourceNotFound", "There is no such function.")
        return {"Asked": [action, region, parameters]}


def invoke(cloud: RunningCloud, body: object, *, action: str = "Invoke", **more: str) -> Any:
    """A signed call, as CommonClient("scf", …) makes it."""
    headers = {"x-tc-version": SCF_VERSION, **more}
    return cloud.call(action, body, more=headers, service="scf")


def test_request_of_its_version_goes_there_signed_for_its_service() -> None:
    with running_cloud(other_apis=[Scf()]) as cloud:
        answer = invoke(cloud, {"FunctionName": "drain_starts"})
        assert answer["Asked"] == ["Invoke", "ap-singapore", {"FunctionName": "drain_starts"}]
        assert answer["RequestId"]
        calls = [e for e in cloud.read_feed() if e["kind"] == "api.call"]
    assert [(call["action"], call["outcome"]) for call in calls] == [("Invoke", "ok")]


@pytest.mark.parametrize(
    ("body", "action", "code"),
    [
        ({"FunctionName": "nobody"}, "Invoke", "ResourceNotFound"),
        ({}, "DeleteFunction", "InvalidAction"),
        ({}, "StopAITranscription", "InvalidAction"),
        ([], "Invoke", "InvalidRequest"),
    ],
)
def test_what_it_cannot_do_is_an_error_of_the_api(body: object, action: str, code: str) -> None:
    with running_cloud(other_apis=[Scf()]) as cloud:
        assert invoke(cloud, body, action=action)["Error"]["Code"] == code


def test_signature_is_checked_there_too() -> None:
    with running_cloud(other_apis=[Scf()]) as cloud:
        forged = invoke(cloud, {}, authorization="SKIP")
        assert forged["Error"]["Code"] == "AuthFailure.InvalidAuthorization"
        more = {"x-tc-version": SCF_VERSION}
        misdirected = cloud.call("Invoke", {}, more=more, service="trtc")
        assert misdirected["Error"]["Code"] == "AuthFailure.InvalidAuthorization"
        task = cloud.call("StopAITranscription", {"TaskId": "t"}, service="scf")
        assert task["Error"]["Code"] == "AuthFailure.InvalidAuthorization"


def test_without_it_the_version_does_not_exist() -> None:
    with running_cloud() as cloud:
        assert invoke(cloud, {})["Error"]["Code"] == "NoSuchVersion"


def test_faults_strike_it_by_the_name_of_its_action() -> None:
    with running_cloud(other_apis=[Scf()]) as cloud:
        cloud.add_fault(where="api", what="throttle", actions=["Invoke"], times=1)
        assert invoke(cloud, {})["Error"]["Code"] == "RequestLimitExceeded"
        assert "Asked" in invoke(cloud, {})
    with running_cloud() as cloud:
        fault = {"where": "api", "what": "throttle", "actions": ["Invoke"]}
        answer = cloud.http.post("/_local/faults", json=fault)
        assert "there is no Invoke" in answer.json()["error"]
