"""read_transcript as SCF invokes it: links, formats, polling, caching, and what it never tells."""

from __future__ import annotations

import base64
import gzip
import json
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
import read_transcript

from local.cloud.room_ids import CHARACTERS
from shared.errors import LedgerError
from shared.links import sign_link
from shared.transcripts.records import TaskOrigin, TranscriptHead
from tests.support.transcript_server import read_once
from tests.support.transcript_source import LINK_KEY, OPENED_MS, SESSION, TASK, MemorySource, hear

OTHER = f"1400000000/0/class-7/{OPENED_MS}"
SECRETS = ("amy", "Good morning", "早上好", LINK_KEY)


@pytest.fixture(autouse=True)
def link_key(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("TRANSCRIPT_LINK_KEY", LINK_KEY)


@pytest.fixture
def source() -> MemorySource:
    source = MemorySource()
    source.open()
    source.say("amy", "Good morning.", 3, zh="早上好。")
    source.say("li", "Yes.", 4)
    return source


def sign(session_id: str = SESSION, lifetime_s: int = 60) -> str:
    return sign_link(LINK_KEY, session_id, int(time.time()) + lifetime_s)


def get(source: MemorySource, path: str, **changes: Any) -> Any:
    event = {"httpMethod": "GET", "path": path, "queryString": {}, "headers": {}, **changes}
    return read_once(source, event)


def get_json(source: MemorySource, **query: str) -> Any:
    answer = get(source, f"/{sign()}.json", queryString=query)
    assert answer["statusCode"] == 200
    return json.loads(answer["body"])


@pytest.mark.parametrize(
    ("form", "content_type", "start"),
    [
        ("vtt", "text/vtt; charset=utf-8", "WEBVTT\n\n1\n00:00:01.000 --> 00:00:03.000\n<v amy>"),
        ("srt", "application/x-subrip; charset=utf-8", "1\n00:00:01,000 --> 00:00:03,000\namy: "),
        ("txt", "text/plain; charset=utf-8", "Room class-7\nOpened 2023-11-14 22:13:20 UTC"),
        ("json", "application/json", '{"format":"roomscribe-transcript-1","room_id":"class-7"'),
    ],
)
def test_file_is_what_its_ending_says(
    source: MemorySource, form: str, content_type: str, start: str
) -> None:
    answer = get(source, f"/{sign()}.{form}")
    assert (answer["statusCode"], answer["isBase64Encoded"]) == (200, False)
    assert answer["headers"]["Content-Type"] == content_type
    assert answer["headers"]["Content-Disposition"] == (
        f'attachment; filename="class-7-2023-11-14-2213.{form}"'
    )
    assert answer["body"].startswith(start)


def test_path_without_an_ending_is_the_page(source: MemorySource) -> None:
    answer = get(source, f"/{sign()}")
    assert answer["headers"]["Content-Type"] == "text/html; charset=utf-8"
    assert "<title>Transcript</title>" in answer["body"]
    assert not any(secret in answer["body"] for secret in (*SECRETS, "class-7", "{{"))


@pytest.mark.parametrize("ending", ["", ".vtt", ".srt", ".txt", ".json"])
def test_answer_is_private_and_can_do_nothing(source: MemorySource, ending: str) -> None:
    headers = get(source, f"/{sign()}{ending}")["headers"]
    assert headers["Cache-Control"] == "private, no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Robots-Tag"] == "noindex"
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "*" not in policy
    if ending == "":
        assert "require-trusted-types-for 'script'; trusted-types 'none'" in policy
        assert "base-uri 'none'; form-action 'none'" in policy
    else:
        assert policy.endswith("; sandbox")


@pytest.mark.parametrize("lang", ["zh", "zh,spoken", "spoken zh", "fr"])
def test_language_is_chosen(source: MemorySource, lang: str) -> None:
    body = get(source, f"/{sign()}.srt", queryString={"lang": lang})["body"]
    expected = {
        "zh": "amy: 早上好。\n",
        "zh,spoken": "amy: 早上好。\nGood morning.\n",
        "spoken zh": "amy: Good morning.\n早上好。\n",
        "fr": "amy: Good morning.\n",
    }
    assert expected[lang] in body
    assert "li: Yes.\n" in body


def test_senseless_language_is_refused(source: MemorySource) -> None:
    answer = get(source, f"/{sign()}.vtt", queryString={"lang": "<script>"})
    assert answer["statusCode"] == 400
    assert "<script>" not in answer["body"]


REFUSED: dict[str, Callable[[], str]] = {
    "nothing": lambda: "/",
    "wrong": lambda: "/AAAA",
    "wrong file": lambda: "/AAAA.vtt",
    "expired": lambda: f"/{sign(lifetime_s=0)}",
    "expired file": lambda: f"/{sign(lifetime_s=-1)}.json",
    "changed": lambda: f"/{sign()}A",
    "other key": lambda: f"/{sign_link('some other secret key', SESSION, 2**33)}",
    "other ending": lambda: f"/{sign()}.exe",
    "below": lambda: f"/{sign()}/x.vtt",
    "favicon": lambda: "/favicon.ico",
    "null": lambda: "/\x00",
}


@pytest.mark.parametrize("name", REFUSED)
def test_every_wrong_link_gets_one_and_the_same_answer(source: MemorySource, name: str) -> None:
    answer = get(source, REFUSED[name]())
    assert answer["statusCode"] == 403
    assert answer == get(MemorySource(), "/no-such-link")


def test_wrong_link_looks_nothing_up() -> None:
    class Absent(MemorySource):
        def read_head(self, session_id: str) -> TranscriptHead | None:
            raise LedgerError(f"asked for {len(session_id)} characters")

    assert get(Absent(), "/wrong")["statusCode"] == 403
    assert get(Absent(), f"/{sign()}")["statusCode"] == 503


def test_link_opens_its_own_session_only(source: MemorySource) -> None:
    source.open(OTHER)
    source.say("eve", "Another meeting.", 2, OTHER)
    assert "Another" not in get(source, f"/{sign()}.txt")["body"]
    assert "Another" in get(source, f"/{sign(OTHER)}.txt")["body"]


def test_deleted_transcript_is_gone(source: MemorySource) -> None:
    source.forget()
    for ending in ("", ".vtt", ".json"):
        assert get(source, f"/{sign()}{ending}")["statusCode"] == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", ""])
def test_other_methods_are_refused_before_the_link_is_read(
    source: MemorySource, method: str
) -> None:
    answer = get(source, f"/{sign()}", httpMethod=method)
    assert (answer["statusCode"], answer["headers"]["Allow"]) == (405, "GET, HEAD")
    assert get(source, "/wrong", httpMethod=method) == answer


HEADED: dict[str, Callable[[], dict[str, Any]]] = {
    "page": lambda: {"path": f"/{sign()}"},
    "file": lambda: {"path": f"/{sign()}.vtt"},
    "document": lambda: {"path": f"/{sign()}.json"},
    "compressed": lambda: {"path": f"/{sign()}.txt", "headers": {"accept-encoding": "gzip"}},
    "known": lambda: {"path": f"/{sign()}.txt", "headers": {"if-none-match": "*"}},
    "wrong link": lambda: {"path": "/wrong"},
    "wrong language": lambda: {"path": f"/{sign()}.vtt", "queryString": {"lang": "<b>"}},
    "gone": lambda: {"path": f"/{sign(OTHER)}.vtt"},
}


@pytest.mark.parametrize("name", HEADED)
def test_head_is_get_without_a_body(source: MemorySource, name: str) -> None:
    source.say("amy", "长" * 100_000, 9)
    request = HEADED[name]()
    head, full = (get(source, httpMethod=method, **request) for method in ("HEAD", "GET"))
    assert (head["statusCode"], head["headers"]) == (full["statusCode"], full["headers"])
    assert (head["body"], head["isBase64Encoded"]) == ("", False)
    sent = base64.b64decode(full["body"]) if full["isBase64Encoded"] else full["body"].encode()
    assert int(head["headers"].get("Content-Length", 0)) == len(sent)
    assert bool(sent) == (name != "known")


ANSWERED: dict[str, Callable[[], dict[str, Any]]] = {
    **HEADED,
    "asked before": lambda: {"path": f"/{sign()}.vtt", "httpMethod": "OPTIONS"},
    "other method": lambda: {"path": f"/{sign()}.vtt", "httpMethod": "POST"},
}


@pytest.mark.parametrize("name", ANSWERED)
def test_whoever_has_the_link_may_read_from_any_origin(source: MemorySource, name: str) -> None:
    headers = get(source, **ANSWERED[name]())["headers"]
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert headers["Access-Control-Expose-Headers"] == "ETag"
    assert headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "Access-Control-Allow-Credentials" not in headers


def test_browser_that_asks_first_may_send_the_etag(source: MemorySource) -> None:
    class Absent(MemorySource):
        def read_head(self, session_id: str) -> TranscriptHead | None:
            raise LedgerError(f"asked for {len(session_id)} characters")

    asks = {"origin": "https://player.example", "access-control-request-method": "GET"}
    asks["access-control-request-headers"] = "if-none-match"
    answer = get(Absent(), f"/{sign()}.json", httpMethod="OPTIONS", headers=asks)
    assert (answer["statusCode"], answer["body"]) == (204, "")
    assert answer["headers"]["Access-Control-Allow-Methods"] == "GET, HEAD"
    assert answer["headers"]["Access-Control-Allow-Headers"] == "*"
    assert get(source, "/wrong", httpMethod="OPTIONS") == answer


def test_broken_functions_answer_is_readable_from_any_origin(source: MemorySource) -> None:
    source.news[SESSION]["broken"] = None  # type: ignore[assignment]
    answer = get(source, f"/{sign()}.json", httpMethod="HEAD")
    assert (answer["statusCode"], answer["body"]) == (500, "")
    assert answer["headers"]["Access-Control-Allow-Origin"] == "*"
    assert int(answer["headers"]["Content-Length"]) > 0


@pytest.mark.parametrize("ending", [".vtt", ".srt", ".txt", ".json"])
def test_known_version_is_not_sent_again(source: MemorySource, ending: str) -> None:
    etag = get(source, f"/{sign()}{ending}")["headers"]["ETag"]
    source.lists = 0
    for given in (etag, f'"x", {etag}', etag.removeprefix("W/"), "*"):
        answer = get(source, f"/{sign()}{ending}", headers={"if-none-match": given})
        assert (answer["statusCode"], answer["body"]) == (304, "")
        assert answer["headers"]["ETag"] == etag
    assert source.lists == 0


@pytest.mark.parametrize("change", ["sentence", "closed", "task", "state", "language"])
def test_changed_version_is_sent(source: MemorySource, change: str) -> None:
    etag = get(source, f"/{sign()}.vtt")["headers"]["ETag"]
    if change == "sentence":
        source.say("amy", "More.", 9)
    if change == "closed":
        source.change(closed_ms=OPENED_MS + 9000)
    if change == "task":
        source.change(tasks={TASK: TaskOrigin(OPENED_MS + 500)})
    if change == "state":
        source.change(state="waiting")
    query = {"lang": "zh"} if change == "language" else {}
    answer = get(source, f"/{sign()}.vtt", headers={"if-none-match": etag}, queryString=query)
    assert answer["statusCode"] == 200


def test_poll_gets_what_changed(source: MemorySource) -> None:
    whole = get_json(source)
    assert (whole["complete"], len(whole["sentences"])) == (True, 2)
    source.say("amy", "A late one.", 3.5)
    source.add(
        hear({"RoundId": "li/4", "TranslationText": "是。", "TranslationLanguage": "zh"}, 1404)
    )
    news = get_json(source, since=whole["next"])
    assert news["complete"] is False
    said = [(each["text"], each["translations"]) for each in news["sentences"]]
    assert said == [("A late one.", {}), ("Yes.", {"zh": "是。"})]
    assert get_json(source, since=news["next"])["sentences"] == []


def test_poll_after_the_timeline_moved_gets_everything(source: MemorySource) -> None:
    following = get_json(source)["next"]
    source.change(tasks={TASK: TaskOrigin(OPENED_MS + 500)})
    news = get_json(source, since=following)
    assert (news["complete"], len(news["sentences"])) == (True, 2)
    assert news["sentences"][0]["start_ms"] == 1500


def test_poll_after_a_deletion_gets_everything_that_is_left(source: MemorySource) -> None:
    following = get_json(source)["next"]
    etag = get(source, f"/{sign()}.json")["headers"]["ETag"]
    source.delete_sentences()
    source.say("amy", "Afterwards.", 9)
    for since in (following, following.partition(".")[0], "1"):
        news = get_json(source, since=since)
        assert (news["complete"], len(news["sentences"])) == (True, 1)
    assert get_json(source, since=news["next"])["complete"] is False
    answer = get(source, f"/{sign()}.json", headers={"if-none-match": etag})
    assert answer["statusCode"] == 200


def test_large_answer_is_compressed_for_those_who_can_read_it(source: MemorySource) -> None:
    source.say("amy", "长" * 100_000, 9)
    answer = get(source, f"/{sign()}.txt", headers={"accept-encoding": "br, gzip"})
    assert (answer["isBase64Encoded"], answer["headers"]["Content-Encoding"]) == (True, "gzip")
    text = gzip.decompress(base64.b64decode(answer["body"])).decode()
    for accepted in ("", "br", "gzip;q=0"):
        plain = get(source, f"/{sign()}.txt", headers={"accept-encoding": accepted})
        assert plain["body"] == text


@pytest.mark.parametrize("room_id", ["".join(sorted(CHARACTERS))[:64], "..", "<b>", ' " ', "日本"])
def test_hostile_room_id_harms_neither_header_nor_file(room_id: str) -> None:
    session_id = f"1400000000/1/{room_id}/{OPENED_MS}"
    source = MemorySource()
    source.open(session_id, room_id)
    answer = get(source, f"/{sign(session_id)}.txt")
    assert re.fullmatch(
        r'attachment; filename="[A-Za-z0-9_-]+\.txt"', answer["headers"]["Content-Disposition"]
    )
    assert f"Room {room_id.strip()}\n" in answer["body"]
    page = get(source, f"/{sign(session_id)}")
    assert page["body"].count("<script>") == 8


@pytest.mark.parametrize("path", ["", ".vtt", ".json", "x"])
def test_log_has_one_line_and_no_secret(
    source: MemorySource, capsys: pytest.CaptureFixture[str], path: str
) -> None:
    token = sign()
    get(source, f"/{token}{path}", headers={"if-none-match": 'W/"x"'})
    output = capsys.readouterr().out
    line = json.loads(output)
    refused = path == "x"
    assert line["message"] == ("transcript.refused" if refused else "transcript.read")
    assert line["status"] == (403 if refused else 200)
    assert line.get("session") == (None if refused else SESSION)
    assert not any(secret in output for secret in (*SECRETS, "\\u65e9", token, token[-40:]))


@pytest.mark.parametrize(
    ("path", "outcome", "session"),
    [
        (lambda: f"/{sign(lifetime_s=0)}.json", "link_expired", SESSION),
        (lambda: f"/{sign_link('some other secret key', SESSION, 0)}", "link_foreign", None),
        (lambda: f"/{sign_link(LINK_KEY, '1400000000', 0, 'operator')}", "link_foreign", None),
        (lambda: f"/{sign()[:-1]}", "link_forged", None),
        (lambda: "/favicon.ico", "link_forged", None),
    ],
    ids=["expired", "other key", "operator's", "changed", "no link"],
)
def test_log_alone_tells_an_expired_link_from_a_forged_one(
    source: MemorySource,
    capsys: pytest.CaptureFixture[str],
    path: Callable[[], str],
    outcome: str,
    session: str | None,
) -> None:
    answer = get(source, path())
    line = json.loads(capsys.readouterr().out)
    assert (line["message"], line["outcome"]) == ("transcript.refused", outcome)
    assert line.get("session") == session
    assert answer == get(MemorySource(), "/no-such-link")


@pytest.mark.parametrize("level", ["INFO", "DEBUG"])
def test_poll_that_learns_nothing_is_logged_for_debugging_only(
    source: MemorySource,
    environment: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    level: str,
) -> None:
    environment.setenv("LOG_LEVEL", level)
    etag = get(source, f"/{sign()}.json")["headers"]["ETag"]
    capsys.readouterr()
    assert get(source, f"/{sign()}.json", headers={"if-none-match": etag})["statusCode"] == 304
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    told = [(line["level"], line["message"], line["outcome"]) for line in lines]
    assert told == ([("DEBUG", "transcript.read", "not_changed")] if level == "DEBUG" else [])


def test_unknown_payload_is_counted_and_not_shown(source: MemorySource) -> None:
    source.add(hear({"Result": "hidden"}))
    document = get(source, f"/{sign()}.json")["body"]
    assert json.loads(document)["unread"] == 1
    assert "hidden" not in document


def test_without_a_key_nobody_reads(
    source: MemorySource, environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.delenv("TRANSCRIPT_LINK_KEY")
    assert get(source, f"/{sign()}")["statusCode"] == 500
    assert "TRANSCRIPT_LINK_KEY: not set" in json.loads(capsys.readouterr().out)["reason"]


def test_bug_tells_nothing(source: MemorySource, capsys: pytest.CaptureFixture[str]) -> None:
    source.news[SESSION]["broken"] = None  # type: ignore[assignment]
    answer = get(source, f"/{sign()}.json")
    assert answer["statusCode"] == 500
    assert json.loads(capsys.readouterr().out)["error_code"] == "AttributeError"


def test_invocation_without_http_is_told_what_to_do(source: MemorySource) -> None:
    answer = read_once(source, {"room_id": "class-7"})
    assert answer["statusCode"] == 400
    assert "open its URL with a read link" in answer["body"]


def test_function_needs_a_ledger_that_keeps_transcripts(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.setenv("TENCENTCLOUD_RUNENV", "SCF")  # there, a file is one instance's own
    event = {"httpMethod": "GET", "path": f"/{sign()}"}
    assert read_transcript.main_handler(event, {})["statusCode"] == 503
    assert json.loads(capsys.readouterr().out)["error_code"] == "ledger_not_shared"
