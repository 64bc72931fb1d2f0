"""`link` prints one bare line, and the page behind it has what was said in the meeting."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from shared.ledger import close_ledgers, open_ledger
from shared.links import read_link
from shared.room import Room
from shared.rules.decision import Rule
from tests.support.local_commands import run_local, serve_local

READER = "/functions/read_transcript"


@pytest.mark.slow
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
        listed = run_local("link", "--all", "--url", running.url + READER).stdout.strip()
        for address in (
            f"{listed}.json",
            http.get("/_local/meetings").headers["location"] + ".json",
        ):
            (meeting,) = [
                one
                for one in httpx.get(address, trust_env=False).json()["meetings"]
                if one["room_id"] == "reading room"
            ]
            assert (meeting["state"], meeting["services"]) == ("live", ["cloud"])
            again = httpx.URL(address).join(meeting["link"] + ".vtt")
            assert "Good morning" in httpx.get(again, trust_env=False).text
    assert transcript["sentences"][0]["text"] == "Good morning"
    assert httpx.URL(link).path.startswith(READER)


def test_room_nobody_knows_is_one_line() -> None:
    done = run_local("link", "--room", "nowhere")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: no string room 'nowhere' is in the ledger")


def test_link_is_to_a_room_or_to_all_of_them() -> None:
    done = run_local("link")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: --room: name a room, or ask for --all")


def test_list_of_a_deployment_needs_its_key(tmp_path: Path) -> None:
    key = "the key of this deployment's operator"
    lines = ["TRTC_SDK_APP_ID=1400000009", "TRANSCRIPT_LINK_KEY='a link key of its own'"]
    (tmp_path / "env").write_text("\n".join([*lines, "TRTC_SDK_SECRET_KEY=sdkSecret"]))
    environ = {"PATH": os.environ["PATH"], "ROOMSCRIBE_ENV_FILE": str(tmp_path / "env")}
    environ |= {"ROOMSCRIBE_LINK_URL": "https://abcd.tencentscf.com", "ROOMSCRIBE_LINK_ALL": "1"}
    without = run_local("link", environ=environ)
    assert (without.returncode, without.stderr) == (1, "error: OPERATOR_LINK_KEY is not set\n")
    done = run_local("link", environ={**environ, "OPERATOR_LINK_KEY": key})
    token = done.stdout.strip().removeprefix("https://abcd.tencentscf.com/")
    now_s = int(time.time())
    assert read_link(key, token, now_s, "operator") == "1400000009"
    assert read_link(key, token, now_s + 86_400, "operator") is None


def compare_head(address: str) -> None:
    """HEAD is answered as GET is, but for the body."""
    head, full = (httpx.request(method, address, trust_env=False) for method in ("HEAD", "GET"))
    told = [{**answer.headers, "date": ""} for answer in (head, full)]
    assert (head.status_code, told[0], head.content) == (full.status_code, told[1], b"")
    assert int(head.headers["content-length"]) == len(full.content) > 0


def test_link_for_a_url_elsewhere_is_the_deployment_s_and_one_here_is_not(tmp_path: Path) -> None:
    key = "a link key of the deployment"
    url = f"sqlite:///{tmp_path}/deployed.db"
    now_ms = time.time_ns() // 1_000_000
    with contextlib.closing(open_ledger(url)) as ledger:
        room = Room(1_400_000_009, "class-7", 1)
        ledger.change(room, lambda book: book.open_session(now_ms, Rule(name="r", room=["*"])))
    close_ledgers()
    lines = ["TRTC_SDK_APP_ID=1400000009", f"TRANSCRIPT_LINK_KEY='{key}'", f"LEDGER_URL='{url}'"]
    (tmp_path / "env").write_text("\n".join([*lines, "TRTC_SDK_SECRET_KEY=sdkSecret"]))
    environ = {"PATH": os.environ["PATH"], "ROOMSCRIBE_ENV_FILE": str(tmp_path / "env")}
    environ["ROOMSCRIBE_LINK_URL"] = "https://1400-abcd.ap-singapore.tencentscf.com"
    there = run_local("link", "--room", "class-7", environ={**environ, "LEDGER_URL": url})
    assert (there.returncode, there.stderr) == (0, "")
    token = there.stdout.strip().removeprefix(environ["ROOMSCRIBE_LINK_URL"] + "/")
    assert read_link(key, token, now_ms // 1000) == f"1400000009/1/class-7/{now_ms}"
    here = run_local("link", "--room", "class-7", "--url", "http://localhost:1", environ=environ)
    assert here.stderr.startswith("error: no string room 'class-7' is in the ledger")


@pytest.mark.parametrize(
    ("arguments", "name"),
    [(("--room", "class-7"), "TRANSCRIPT_LINK_KEY"), (("--all",), "OPERATOR_LINK_KEY")],
)
def test_production_gets_no_link_that_everybody_could_sign(
    arguments: tuple[str, ...], name: str
) -> None:
    url = "https://1400-abcd.ap-singapore.tencentscf.com"
    done = run_local("link", *arguments, "--url", url)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"error: {name} is the development key, which everybody knows, and {url} is not on this "
        f"machine; set the deployment's {name}, in .env or the environment\n"
    )


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
