"""captions.js as SCF serves it: to anybody, kept by caches, and without a look at what was said."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shared.reading.answer import answer_reader
from shared.reading.kept import KeptTranscripts
from shared.settings import Settings


def open_nothing(_: Settings) -> KeptTranscripts:
    raise AssertionError("the script needs no ledger")


def get(path: str = "/captions.js", **changes: Any) -> Any:
    event = {"httpMethod": "GET", "path": path, "queryString": {}, "headers": {}, **changes}
    return answer_reader(event, {"function_name": "read_transcript"}, open_nothing)


def test_anybody_gets_the_script_without_a_link_a_key_or_a_ledger() -> None:
    answer = get()
    assert answer["statusCode"] == 200
    assert answer["headers"]["Content-Type"] == "text/javascript; charset=utf-8"
    assert "roomscribe:caption" in answer["body"]
    assert answer["headers"]["Content-Length"] == str(len(answer["body"].encode()))
    assert get("captions.js") == answer


def test_script_may_stand_on_any_site_and_be_kept() -> None:
    headers = get()["headers"]
    assert headers["Cache-Control"] == "public, max-age=3600"
    assert headers["Access-Control-Allow-Origin"] == "*"  # Subresource Integrity needs it
    assert headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_known_script_is_not_sent_again() -> None:
    etag = get()["headers"]["ETag"]
    answer = get(headers={"If-None-Match": etag})
    assert (answer["statusCode"], answer["body"]) == (304, "")
    assert answer["headers"]["ETag"] == etag
    assert answer["headers"]["Cache-Control"] == "public, max-age=3600"
    assert get(headers={"If-None-Match": '"another"'})["statusCode"] == 200


def test_head_is_get_without_a_body() -> None:
    head, full = get(httpMethod="HEAD"), get()
    assert (head["statusCode"], head["headers"]) == (200, full["headers"])
    assert head["body"] == ""


@pytest.mark.parametrize(
    "path", ["/captions.js/", "/captions.jsx", "/CAPTIONS.JS", "/a/captions.js"]
)
def test_no_other_path_is_open_or_kept(environment: pytest.MonkeyPatch, path: str) -> None:
    environment.setenv("TRANSCRIPT_LINK_KEY", "a key that only the tests have")
    event = {"httpMethod": "GET", "path": path, "queryString": {}, "headers": {}}
    answer: Any = answer_reader(event, {}, lambda _: KeptTranscripts.__new__(KeptTranscripts))
    assert answer["statusCode"] == 403
    assert answer["headers"]["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize(("method", "status"), [("OPTIONS", 204), ("POST", 405)])
def test_other_methods_are_answered_as_everywhere(
    environment: pytest.MonkeyPatch, method: str, status: int
) -> None:
    environment.setenv("TRANSCRIPT_LINK_KEY", "a key that only the tests have")
    event = {"httpMethod": method, "path": "/captions.js", "queryString": {}, "headers": {}}
    answer: Any = answer_reader(event, {}, lambda _: KeptTranscripts.__new__(KeptTranscripts))
    assert answer["statusCode"] == status
    assert answer["headers"]["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize("known", [False, True])
def test_log_has_one_line(capsys: pytest.CaptureFixture[str], *, known: bool) -> None:
    get(headers={"If-None-Match": "*"} if known else {})
    line = json.loads(capsys.readouterr().out)
    assert line["message"] == "captions.served"
    assert (line["outcome"], line["status"]) == (("not_changed", 304) if known else ("served", 200))
    assert line["format"] == "js"
    assert "session" not in line


def test_script_is_small_and_a_function_of_its_own() -> None:
    text = get()["body"]
    assert len(text.encode()) < 15_000
    assert text.startswith("(() => {\n")
    assert text.endswith("})();\n")
    for forbidden in ("innerHTML", "eval(", "new Function", "setAttribute(", "document.write"):
        assert forbidden not in text
