"""The example summary and an endpoint on this machine: what is asked, what is written, what is deleted."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from msgspec.structs import replace

from shared.archive.folder import FolderArchive
from shared.archive.keys import find_folder
from shared.delivery.payloads import compose
from shared.delivery.transcripts import delete_files
from tests.support.event_endpoints import answering, write_event
from tests.support.scripted_server import ApiServer, Script, run_server

PROGRAM = Path(__file__).parents[2] / "examples" / "summary" / "summary.py"
SESSION = "1400000000/1/教室 7/1700000000000"
TEXT = "[00:00:02] Amy Lee: we ship on Friday 出货\n"
SUMMARY = "Amy ships on Friday. 出货"
ANSWER = json.dumps({"choices": [{"message": {"role": "assistant", "content": SUMMARY}}]})
TRANSCRIPT, PLACE = (
    f"{find_folder(SESSION)}/{name}" for name in ("transcript.txt", "summary.json")
)


@pytest.fixture
def archive(tmp_path: Path) -> FolderArchive:
    """An archive of one transcript; its folder's name is to be quoted in URLs."""
    archive = FolderArchive(str(tmp_path / "the archive"))
    archive.put(TRANSCRIPT, TEXT.encode(), "text/plain")
    return archive


@pytest.fixture
def endpoint() -> Iterator[ApiServer]:
    with run_server(answering("200 OK", body=ANSWER.encode())) as server:
        yield server


def write_line(type_: str = "transcript.completed", version: int = 1, sentences: int = 1) -> str:
    """An event as the receivers keep it."""
    facts = {"sentences": sentences, "archive": "a", "keys": ["2026/meta.json", TRANSCRIPT]}
    event = write_event(type_=type_, version=version)
    event = replace(event, session=SESSION, facts={} if "deleted" in type_ else facts)
    return json.dumps({"id": event.id, **json.loads(compose(event))})


def run(endpoint: ApiServer, archive: FolderArchive, *lines: str, **more: str) -> list[Any]:
    """What came of each event: the outcomes; no word that was said is in the log."""
    environ = {"TRANSCRIPTS": Path(archive.place.removeprefix("file://")).as_uri(), **more}
    output = run_program(endpoint, stdin="\n".join(lines), **environ)
    assert "Friday" not in output
    told = [json.loads(line) for line in output.splitlines()]
    assert {one["session"] for one in told} == {SESSION}
    return [one["outcome"] for one in told]


def run_program(endpoint: ApiServer, *arguments: str, stdin: str = "", **environ: str) -> str:
    model = {
        "OPENAI_BASE_URL": f"{endpoint.url}/v1",
        "OPENAI_API_KEY": "sk-tests",
        "MODEL": "small",
    }
    done = subprocess.run(
        [sys.executable, str(PROGRAM), *arguments],
        env={"PATH": os.environ["PATH"], "PYTHONUTF8": "1", **model, **environ},
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout


def read(archive: FolderArchive) -> Any:
    """The summary beside the transcript; None when there is none."""
    raw = archive.get(PLACE)
    return raw and json.loads(raw)


def test_completed_transcript_is_summarised_beside_it(
    endpoint: ApiServer, archive: FolderArchive
) -> None:
    assert run(endpoint, archive, write_line("transcription.started"), write_line()) == [
        "ignored",
        "written",
    ]
    assert read(archive) == {"version": 1, "model": "small", "summary": SUMMARY}
    (asked,) = endpoint.requests
    assert asked.line == "POST /v1/chat/completions HTTP/1.1"
    assert asked.headers["authorization"] == "Bearer sk-tests"
    body = json.loads(asked.body)
    assert body["model"] == "small"
    assert [message["role"] for message in body["messages"]] == ["system", "user"]
    assert body["messages"][1]["content"] == TEXT


def test_each_version_is_summarised_once(endpoint: ApiServer, archive: FolderArchive) -> None:
    update = write_line("transcript.updated", version=2)
    assert run(endpoint, archive, write_line(), update, write_line()) == [
        *("written", "written", "known")
    ]
    assert run(endpoint, archive, write_line(), update) == ["known", "known"]
    assert read(archive)["version"] == 2
    assert len(endpoint.requests) == 2


def test_summary_goes_with_the_transcript(endpoint: ApiServer, archive: FolderArchive) -> None:
    run(endpoint, archive, write_line())
    assert delete_files(SESSION, archive) == 2
    assert archive.list(find_folder(SESSION)) == []


def test_transcripts_of_a_server_are_summarised_elsewhere_and_the_summary_goes_when_told(
    endpoint: ApiServer, archive: FolderArchive, tmp_path: Path
) -> None:
    lines = (write_line(), write_line("transcript.deleted"))
    with run_server(answering("200 OK", body=TEXT.encode())) as site:
        places = {"TRANSCRIPTS": f"{site.url}/kept", "SUMMARIES": str(tmp_path / "summaries")}
        assert run(endpoint, archive, lines[0], **places) == ["written"]
        assert (tmp_path / "summaries" / PLACE).exists()
        assert run(endpoint, archive, *lines, **places) == ["known", "deleted"]
    assert site.requests[0].line == f"GET /kept/{quote(TRANSCRIPT)} HTTP/1.1"
    assert not (tmp_path / "summaries" / PLACE).exists()


def test_transcript_deleted_meanwhile_leaves_no_summary(archive: FolderArchive) -> None:
    def delete_first(peer: Any) -> None:
        delete_files(SESSION, archive)
        answering("200 OK", body=ANSWER.encode())(peer)

    with run_server(delete_first) as endpoint:
        assert run(endpoint, archive, write_line()) == ["failed"]
    assert read(archive) is None


@pytest.mark.parametrize(
    "fails",
    [answering("503 Service Unavailable"), answering("200 OK", body=b'{"error": "Friday"}')],
)
def test_failure_leaves_no_old_summary_and_is_made_good_at_the_next_start(
    archive: FolderArchive, fails: Script
) -> None:
    good = answering("200 OK", body=ANSWER.encode())
    update = write_line("transcript.updated", version=2)
    with run_server(good, fails, good) as endpoint:
        assert run(endpoint, archive, write_line(), update) == ["written", "failed"]
        assert read(archive) is None
        assert run(endpoint, archive, update) == ["written"]


def test_transcript_without_a_sentence_is_not_sent(
    endpoint: ApiServer, archive: FolderArchive
) -> None:
    run(endpoint, archive, write_line())
    update = write_line("transcript.updated", version=2, sentences=0)
    assert run(endpoint, archive, update) == ["empty"]
    assert read(archive) is None
    assert len(endpoint.requests) == 1


def test_read_link_is_summarised_on_standard_output(endpoint: ApiServer) -> None:
    with run_server(answering("200 OK", body=TEXT.encode())) as site:
        assert run_program(endpoint, f"{site.url}/TOKEN") == SUMMARY + "\n"
    assert site.requests[0].line == "GET /TOKEN.txt HTTP/1.1"
    assert json.loads(endpoint.requests[0].body)["messages"][1]["content"] == TEXT


def test_nothing_but_the_standard_library_is_imported() -> None:
    nodes = [*ast.walk(ast.parse(PROGRAM.read_text("utf-8")))]
    names = [name.name for one in nodes if isinstance(one, ast.Import) for name in one.names]
    names += [str(one.module) for one in nodes if isinstance(one, ast.ImportFrom)]
    assert names
    assert {name.partition(".")[0] for name in names} <= sys.stdlib_module_names
