"""Versions of functions at home: published, listed, and downloaded."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.scf.definitions import read_example
from tests.scf.hello import HELLO, NAME, Scf, fetch, get_code, pack
from tests.support.tccli_deployment import running_tencent

pytestmark = pytest.mark.slow

OTHER = pack(HELLO + "# other")


@pytest.fixture
def scf(tmp_path: Path) -> Iterator[Scf]:
    with running_tencent(tmp_path, Path("none"), "--clock", "manual") as tencent:
        yield Scf(tencent, tmp_path / "record")


def publish(scf: Scf, **parameters: object) -> dict[str, Any]:
    """A version, when it is there."""
    published = scf.call("PublishVersion", **NAME, **parameters)
    scf.pass_time(1)
    return published


def list_numbers(scf: Scf, **parameters: object) -> list[str]:
    listed = scf.call("ListVersionByFunction", **NAME, **parameters)
    assert [one["Version"] for one in listed["Versions"]] == listed["FunctionVersion"]
    return list(listed["FunctionVersion"])


def hash_text(archive: str) -> str:
    return hashlib.sha256(base64.b64decode(archive)).hexdigest()


def test_version_keeps_its_code_whatever_becomes_of_the_function(scf: Scf) -> None:
    scf.make()
    assert publish(scf)["FunctionVersion"] == "1"
    scf.call("UpdateFunctionCode", **NAME, Code={"ZipFile": OTHER})
    scf.pass_time(1)
    for qualifier, archive in (("1", pack()), ("$LATEST", OTHER)):
        told = scf.call("GetFunctionAddress", **NAME, Qualifier=qualifier)
        assert told["CodeSha256"] == hash_text(archive)
        assert hashlib.sha256(fetch(told["Url"]).content).hexdigest() == told["CodeSha256"]
    example = read_example("GetFunctionAddress")["CodeSha256"]
    assert len(example) == len(hash_text(OTHER))
    assert int(example, 16)


def test_code_without_a_version_is_that_of_latest_and_its_address_is_signed(scf: Scf) -> None:
    scf.make()
    told = scf.call("GetFunctionAddress", **NAME)
    assert told["CodeSha256"] == hash_text(pack())
    assert fetch(told["Url"].replace("sign=", "sign=x")).status_code == 403
    assert fetch(told["Url"].partition("?")[0]).status_code == 403


def test_function_is_publishing_for_a_while_and_runs_on(scf: Scf) -> None:
    scf.make()
    url = scf.make_url()
    scf.call("PublishVersion", **NAME)
    assert (scf.get_status(), fetch(url).text) == ("Publishing", "hello")
    for action, parameters in (
        ("PublishVersion", {}),
        ("UpdateFunctionCode", {"Code": {"ZipFile": OTHER}}),
        ("DeleteFunction", {}),
    ):
        refused = scf.call(action, **NAME, **parameters)
        assert get_code(refused) == f"FailedOperation.{action}"
    assert list_numbers(scf) == ["$LATEST"]
    scf.pass_time(1)
    assert scf.get_status() == "Active"
    assert list_numbers(scf) == ["$LATEST", "1"]


def test_versions_are_listed_in_the_order_that_is_asked_for(scf: Scf) -> None:
    scf.make()
    scf.pass_time(1)
    for number in ("1", "2", "3"):
        assert publish(scf, Description="kept")["FunctionVersion"] == number
    assert list_numbers(scf) == ["$LATEST", "1", "2", "3"]
    newest_first = {"OrderBy": "AddTime", "Order": "DESC"}
    assert list_numbers(scf, **newest_first) == ["3", "2", "1", "$LATEST"]
    assert list_numbers(scf, **newest_first, Limit=1) == ["3"]
    assert list_numbers(scf, **newest_first, Offset=3) == ["$LATEST"]
    listed = scf.call("ListVersionByFunction", **NAME)
    (example,) = read_example("ListVersionByFunction")["Versions"]
    assert all(one.keys() == example.keys() for one in listed["Versions"])
    assert (listed["TotalCount"], listed["Versions"][1]["Description"]) == (4, "kept")


def test_version_that_cannot_be_published_leaves_the_function_as_it_was(scf: Scf) -> None:
    scf.make()
    url = scf.make_url()
    scf.tencent.plan(where="function", what="fail", reason="Why not?", times=1)
    publish(scf)
    assert (scf.get_status(), fetch(url).text) == ("PublishFailed", "hello")
    assert get_code(scf.call("PublishVersion", **NAME)) == "FailedOperation.PublishVersion"
    assert list_numbers(scf) == ["$LATEST"]
    scf.call("UpdateFunctionCode", **NAME, Code={"ZipFile": OTHER})
    scf.pass_time(1)
    assert publish(scf)["FunctionVersion"] == "1"


def test_version_that_does_not_exist_is_refused(scf: Scf) -> None:
    for action in ("PublishVersion", "ListVersionByFunction", "GetFunctionAddress"):
        assert get_code(scf.call(action, **NAME)) == "ResourceNotFound.Function"
    scf.make()
    told = scf.call("GetFunctionAddress", **NAME, Qualifier="1")
    assert get_code(told) == "ResourceNotFound.Qualifier"
