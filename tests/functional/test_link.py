"""`link` prints one bare line, and the page behind it has what was said in the meeting."""

from __future__ import annotations

from collections.abc import Mapping

import httpx

from tests.functional.running import run_local, serve_local

READER = "/functions/read_transcript"


def test_what_was_said_is_read_behind_the_link() -> None:
    with (
        serve_local("up", "--port", "0") as running,
        httpx.Client(base_url=running.url, trust_env=False, timeout=30) as http,
    ):
        room = {"room_id": "reading room", "room_id_type": 1, "user_id": "ann"}
        assert http.post("/_local/rooms", json=room).status_code == 201
        said = {"user_id": "ann", "text": "Good morning", "translations": {"zh": "早上好"}}
        wait_for_hearing(http, said)
        done = run_local("link", "--room", "reading room", "--url", running.url + READER)
        assert (done.returncode, done.stdout.count("\n")) == (0, 1)
        link = done.stdout.strip()
        transcript = wait_for_sentence(link)
        page = httpx.get(link, trust_env=False)
        assert (page.status_code, page.headers["content-type"][:9]) == (200, "text/html")
        assert "Good morning" in httpx.get(link + ".vtt", trust_env=False).text
        for address in (link, link + ".vtt", link + ".json", link + "x", running.url):
            compare_head(address)
    assert transcript["sentences"][0]["text"] == "Good morning"
    assert httpx.URL(link).path.startswith(READER)


def test_room_nobody_knows_is_one_line() -> None:
    done = run_local("link", "--room", "nowhere")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: no string room 'nowhere' is in the ledger")


def compare_head(address: str) -> None:
    """HEAD is answered as GET is, but for the body."""
    head, full = (httpx.request(method, address, trust_env=False) for method in ("HEAD", "GET"))
    told = [{**answer.headers, "date": ""} for answer in (head, full)]
    assert (head.status_code, told[0], head.content) == (full.status_code, told[1], b"")
    assert int(head.headers["content-length"]) == len(full.content) > 0


def wait_for_hearing(http: httpx.Client, said: Mapping[str, object]) -> None:
    """Say it until a task hears it."""
    for _ in range(600):
        answer = http.post("/_local/rooms/reading%20room/say", json=said).json()
        if answer["heard_by"]:
            return
    raise AssertionError("no task hears the room")


def wait_for_sentence(link: str) -> dict[str, list[dict[str, str]]]:
    """The transcript as JSON, once the sentence's callback has come."""
    for _ in range(600):
        transcript: dict[str, list[dict[str, str]]] = httpx.get(
            link + ".json", trust_env=False
        ).json()
        if transcript["sentences"]:
            return transcript
    raise AssertionError("the sentence did not come")
