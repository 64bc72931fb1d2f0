"""Limits for strangers: what `deploy` asks for at first, again, and when a number has changed."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from deploy.calls import Scf
from deploy.functions import FUNCTIONS, Function
from deploy.releasing import Releasing
from deploy.settings import find_problems, read_concurrency_mb
from deploy.states import States
from tests.deploy.tccli_stand_in import KEYS, Tccli

pytestmark = pytest.mark.slow

BY_KEY = {function.key: function for function in FUNCTIONS}
FOUND = {"Status": "Active", "VpcConfig": {}}
NAME = "roomscribe-prod-read_transcript"


class Deployment:
    """Releases a function to a stand-in that tells of `reserved_mb`, and says which calls that took."""

    def __init__(self, folder: Path) -> None:
        self.tccli = Tccli(folder)
        self.folder = folder
        (folder / "package.zip").write_bytes(b"package")

    def release(
        self, function: Function, reserved_mb: int | None = None, **environ: str
    ) -> list[tuple[str, dict[str, Any]]]:
        self.tccli.answer((0, json.dumps({**FOUND, "ReservedMem": reserved_mb}), ""))
        before = len(self.tccli.read())
        given = {
            "PATH": f"{self.folder}:{os.environ['PATH']}",
            **KEYS,
            "STAGE": "prod",
            "ROLE": "r",
        }
        states = States(Scf(given, "ap-singapore", "scf.example.com", 0))
        Releasing(states, {**given, **environ}, self.folder / "package.zip").release(function)
        asked = self.tccli.read()[before:]
        return [(one["argv"][1], one["parameters"]) for one in asked]


@pytest.fixture
def deployment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Deployment:
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return Deployment(tmp_path)


def find_limits(calls: list[tuple[str, dict[str, Any]]]) -> list[tuple[str, dict[str, Any]]]:
    return [call for call in calls if call[0].startswith(("Put", "DeleteRes"))]


@pytest.mark.parametrize(
    ("reserved_mb", "setting", "calls"),
    [
        (None, "", [("PutReservedConcurrencyConfig", 6400)]),
        (6400, "", []),
        (6400, "6400", []),
        (6400, "1280", [("PutReservedConcurrencyConfig", 1280)]),
        (6400, "0", [("DeleteReservedConcurrencyConfig", None)]),
        (None, "0", []),
    ],
)
def test_limit_is_set_where_it_is_another_one(
    reserved_mb: int | None,
    setting: str,
    calls: list[tuple[str, int | None]],
    deployment: Deployment,
) -> None:
    made = deployment.release(BY_KEY["read_transcript"], reserved_mb, READ_CONCURRENCY_MB=setting)
    found = find_limits(made)
    assert [(action, asked.get("ReservedConcurrencyMem")) for action, asked in found] == calls
    assert all(asked["FunctionName"] == NAME for _, asked in found)


@pytest.mark.parametrize("key", [key for key in BY_KEY if not BY_KEY[key].limited_by])
def test_function_that_only_its_owners_run_has_no_limit(key: str, deployment: Deployment) -> None:
    calls = deployment.release(BY_KEY[key])
    assert not [action for action, _ in calls if "ReservedConcurrency" in action]


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda one: one.key)
def test_what_was_said_is_kept_out_of_the_log_at_every_run(
    function: Function, deployment: Deployment
) -> None:
    """No answer tells whether it is so, and CreateFunction does not take it."""
    for _ in range(2):
        silent = [call for call in deployment.release(function) if "IgnoreSysLog" in call[1]]
        expected = {"FunctionName": NAME, "IgnoreSysLog": True}
        is_reader = function.key == "read_transcript"
        assert silent == ([("UpdateFunctionConfiguration", expected)] if is_reader else [])


def test_every_limit_has_a_default_and_can_be_none() -> None:
    for function in FUNCTIONS:
        if function.limited_by:
            assert read_concurrency_mb({}, function.limited_by) >= function.memory_mb
            assert read_concurrency_mb({function.limited_by: "0"}, function.limited_by) == 0


@pytest.mark.parametrize("value", ["1", "64", "127", "-1", "1e3", "12 800", "99999999", "many"])
def test_limit_that_no_instance_fits_in_is_refused_by_name(value: str) -> None:
    environ = {"READ_CONCURRENCY_MB": value}
    problems = [one for one in find_problems(environ) if one.name == "READ_CONCURRENCY_MB"]
    assert [str(one) for one in problems] == [
        "READ_CONCURRENCY_MB: is not of the right form; it must be 128 to 9999999, or 0 for no limit "
        "(docs/deploy.md#limits-for-strangers)"
    ]


@pytest.mark.parametrize("value", ["", "0", "128", "999", "1000", "9999999"])
def test_limit_of_the_right_form_is_taken(value: str) -> None:
    environ = {"READ_CONCURRENCY_MB": value}
    assert not [one for one in find_problems(environ) if one.name == "READ_CONCURRENCY_MB"]
