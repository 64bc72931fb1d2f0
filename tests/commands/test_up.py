"""`up`: everything on one port, played, judged, and gone afterwards."""

from __future__ import annotations

import re
import signal
import socket
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.local_commands import (
    Running,
    find_children,
    run_local,
    serve_local,
    wait_for_exit,
)

pytestmark = pytest.mark.slow

QUIET = """
[[step]]
do = "create"
room_id = "private-1"
room_id_type = 1
user_id = "amy"
"""
UNTRANSLATED = """
[[step]]
do = "create"
room_id = "class-1"
user_id = "amy"
room_id_type = 1
[[step]]
at_s = 4
do = "say"
room_id = "class-1"
user_id = "amy"
text = "Nobody translates this into Japanese."
translations = { ja = "誰も訳さない" }
[[step]]
at_s = 4
do = "dismiss"
room_id = "class-1"
"""
LATE = """
[[step]]
do = "create"
room_id = "class-9"
room_id_type = 1
user_id = "ann"
[[step]]
do = "enter"
room_id = "class-9"
user_id = "ben"
[[step]]
at_s = 4
do = "say"
room_id = "class-9"
user_id = "ann"
text = "Where do rivers begin?"
translations = { zh = "河流从哪里开始?" }
late_s = 0.6
[[step]]
at_s = 4.1
do = "say"
room_id = "class-9"
user_id = "ben"
text = "In the mountains."
translations = { zh = "在山里。" }
[[step]]
at_s = 4.2
do = "dismiss"
room_id = "class-9"
"""
FULL = """
[[step]]
do = "create"
room_id = "class-1"
room_id_type = 1
user_id = "amy"
[[step]]
at_s = 1.5
do = "create"
room_id = "class-2"
room_id_type = 1
user_id = "ben"
[[step]]
at_s = 2
do = "say"
room_id = "class-1"
user_id = "amy"
text = "Heard."
[[step]]
at_s = 2.5
do = "say"
room_id = "class-2"
user_id = "ben"
text = "In vain."
[[step]]
at_s = 3
do = "dismiss"
room_id = "class-1"
[[step]]
at_s = 6
do = "dismiss"
room_id = "class-2"
"""
FORMS = ("", ".vtt", ".srt", ".json", ".txt")
PROXIES = {"HTTP_PROXY": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9"}


@pytest.fixture
def quiet(tmp_path: Path) -> str:
    """A scenario in which nothing is transcribed."""
    path = tmp_path / "quiet.toml"
    path.write_text(QUIET)
    return str(path)


@pytest.mark.slow
def test_sample_meeting_is_transcribed_whole() -> None:
    done = run_local("up", "--once", "--port", "0")
    lines = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert lines[0].startswith("ready http://127.0.0.1:")
    assert re.fullmatch(
        r"2 rooms: all that was said after the start was transcribed; "
        r"starts took \d\.\d( to \d\.\d)? s",
        lines[-1],
    ), done.stdout
    told = [line[10:] for line in lines[2:-1]]
    for line in (
        "class-7     room created (string id)",
        "class-7     teacher-amy came",
        "class-7     teacher-amy: Good morning. Can everybody hear me? [zh] 早上好。大家都能听到我说话吗?",
        "20001       chen: 喂,你好,听得到吗?",  # 1.0 tells of no translation
        "20001       wang left",
        "20001       room ended",
    ):
        assert told.count(line) == 1, line
    assert len([line for line in told if "transcription runs after" in line]) == 2
    # two rooms, four people, seven sentences: nothing else
    assert len(told) == 2 * 3 + 4 * 2 + 7, done.stdout
    assert not re.search(r"own_bot|roomscribe_|\b(10\d|20\d|90\d|140\d)\b", "\n".join(told))


@pytest.mark.slow
def test_verbose_shows_every_line_and_the_counts() -> None:
    done = run_local("up", "--once", "--port", "0", environ={"ROOMSCRIBE_VERBOSE": "1"})
    lines = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert "captions  7 spoken, 4 zh" in lines
    assert lines[-1].startswith("2 rooms: all that was said after the start was transcribed; ")
    assert any(
        line.startswith("tasks     ") and "cloud 1 started, 1 stopped" in line for line in lines
    )
    assert any(
        line.startswith("tasks     ") and "ai 1 started, 1 stopped" in line for line in lines
    )
    for words in (
        ("transcription.started room=class-7", "service=cloud", "task="),
        ("transcription.started room=20001", "service=ai", "task="),
        ("task.ended room=class-7", "service=cloud"),  # it is dismissed
        ("transcription.stopped room=20001", "service=ai"),
        ("caption class-7 [spoken] teacher-amy: Good morning.",),
        ("caption class-7 [zh] student-li: 可以",),
    ):
        assert any(all(word in line for word in words) for line in lines), words


@pytest.mark.slow
def test_meeting_that_lacks_something_exits_1_and_says_what(tmp_path: Path) -> None:
    scenario = tmp_path / "untranslated.toml"
    scenario.write_text(UNTRANSLATED)
    environ = {"ROOMSCRIBE_ONCE": "1", "ROOMSCRIBE_PORT": "0", **PROXIES}
    done = run_local("up", "--scenario", str(scenario), environ=environ)
    assert (done.returncode, done.stderr) == (1, "")
    *_, verdict, missing = done.stdout.splitlines()
    assert verdict.startswith("1 room: not all was transcribed; the start took ")
    assert missing == "MISSING   class-1: no translation into ja was told of what was said"


@pytest.mark.slow
def test_what_was_said_before_a_start_is_named_with_the_reason(tmp_path: Path) -> None:
    scenario = tmp_path / "full.toml"
    scenario.write_text(FULL)
    environ = {"TASK_QUOTA": "1"}
    done = run_local("up", "--once", "--port", "0", "--scenario", str(scenario), environ=environ)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert "class-2     transcription waiting: every place that TASK_QUOTA allows" in done.stdout
    *_, verdict, missing = done.stdout.splitlines()
    assert verdict.startswith("2 rooms: all that was said after the start was transcribed; starts ")
    said = "MISSING   class-2: 1 of 1 sentence said before a transcription ran: every place that"
    assert missing.startswith(said)


def invoke_something(up: Running) -> list[int]:
    """Make the host start an instance; the process ids of all its children."""
    answer = httpx.post(f"{up.url}/_local/invoke/describe_room", json={"room_id": "1"})
    assert answer.status_code == 200
    children = find_children(up.process.pid)
    assert children
    return children


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_ends_everything_without_a_word(quiet: str, number: int) -> None:
    with serve_local("up", "--port", "0", "--scenario", quiet) as up:
        children = invoke_something(up)
        with httpx.stream("GET", f"{up.url}/_local/feed") as feed:
            assert feed.status_code == 200
            code, _, errors = up.end(number)
        assert (code, errors) == (0, "")
        wait_for_exit(children)


def test_killed_host_takes_its_instances_along(quiet: str) -> None:
    with serve_local("up", "--port", "0", "--scenario", quiet) as up:
        children = invoke_something(up)
        up.end(signal.SIGKILL)
        wait_for_exit(children)


@pytest.mark.slow
def test_serves_on_when_nobody_reads_its_output(quiet: str) -> None:
    with serve_local("up", "--port", "0", "--scenario", quiet) as up:
        assert up.process.stdout
        up.process.stdout.close()
        up.process.stdout = None
        for _ in range(2):  # each writes a line
            invoke_something(up)
        code, _, errors = up.end(signal.SIGTERM)
    assert (code, errors) == (0, "")


def test_interrupted_once_is_no_success() -> None:
    with serve_local("up", "--once", "--port", "0") as up:
        code, _, errors = up.end(signal.SIGTERM)
    assert (code, errors) == (130, "")


def test_page_and_api_share_the_root(quiet: str) -> None:
    with serve_local("up", "--port", "0", "--scenario", quiet) as up:
        page = httpx.get(up.url)
        api = httpx.post(up.url, content="{}")
        assert page.headers["content-type"].startswith("text/html")
        assert httpx.get(f"{up.url}/page.css").status_code == 200
        assert "Response" in api.json()


@pytest.mark.slow
def test_ledger_of_an_earlier_run_does_not_disturb(tmp_path: Path) -> None:
    scenario = tmp_path / "meeting.toml"
    scenario.write_text(UNTRANSLATED.replace("ja = ", "zh = "))
    for _ in range(2):
        done = run_local("up", "--once", "--port", "0", "--scenario", str(scenario))
        assert done.returncode == 0, done.stdout


@pytest.mark.slow
def test_printed_link_reads_the_same_after_everything_was_started_again(tmp_path: Path) -> None:
    scenario = tmp_path / "late.toml"
    scenario.write_text(LATE)
    arguments = ("up", "--port", "0", "--scenario", str(scenario))
    ledger = {"LEDGER_URL": f"sqlite:///{tmp_path / 'ledger.db'}"}
    with serve_local(*arguments, environ=ledger) as up:
        link = find_link(up).removeprefix(up.url)
        meeting = wait_for_end(up.url + link)
        before = [httpx.get(up.url + link + form).content for form in FORMS]
        assert up.end(signal.SIGINT)[0] == 0
    said = [(each["text"], each["translations"]) for each in meeting["sentences"]]
    assert said == [
        ("Where do rivers begin?", {"zh": "河流从哪里开始?"}),
        ("In the mountains.", {"zh": "在山里。"}),
    ]
    with serve_local(*arguments, environ=ledger) as up:
        next_meeting = wait_for_end(find_link(up))
        assert [httpx.get(up.url + link + form).content for form in FORMS] == before
        rooms = {"room": ["1400000001/1/class-9", "1400000001/1/never-heard-of"]}
        listed = httpx.get(f"{up.url}/_local/transcripts", params=rooms).json()["transcripts"]
        assert httpx.get(listed[1]["link"] + ".vtt").content == before[FORMS.index(".vtt")]
        assert httpx.get(f"{up.url}/_local/transcripts?room=class-9").status_code == 400
    meetings = [next_meeting["opened_ms"], meeting["opened_ms"]]
    assert [each["opened_ms"] for each in listed] == meetings == sorted(meetings, reverse=True)


def find_link(up: Running) -> str:
    """The first read link it prints: a line of its own."""
    assert up.process.stdout
    return next(
        line.strip() for line in up.process.stdout if line.startswith(f"{up.url}/functions")
    )


def wait_for_end(link: str) -> dict[str, Any]:
    """The transcript as JSON, when both sentences have come whole and the room has closed."""
    for _ in range(1000):
        transcript: dict[str, Any] = httpx.get(f"{link}.json").json()
        whole = [each for each in transcript["sentences"] if each["text"] and each["translations"]]
        if transcript["closed_ms"] and len(whole) == 2:
            return transcript
    raise AssertionError("the meeting does not end")


def test_taken_port_is_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run_local("up", "--port", str(port))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"error: port {port} is taken; end what listens there, "
        "or choose another with --port (0: any)\n"
    )


@pytest.mark.parametrize(
    ("environ", "error"),
    [
        ({"RULES_FILE": "/no/such/rules.toml"}, "error: rules: /no/such/rules.toml: cannot be"),
        ({"TRTC_CALLBACK_KEY": "not allowed!"}, "error: settings: TRTC_CALLBACK_KEY: must be"),
        ({"TASK_QUOTA": "many"}, "error: settings: TASK_QUOTA: must be a whole number of tasks"),
        ({"ROOMSCRIBE_SCENARIO": "/no/such.toml"}, "error: /no/such.toml: cannot be read"),
    ],
)
def test_bad_setting_is_one_line(environ: dict[str, str], error: str) -> None:
    done = run_local("up", "--port", "0", environ=environ)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(error)
    assert done.stderr.count("\n") == 1


def test_step_that_the_cloud_refuses_is_one_line(tmp_path: Path) -> None:
    scenario = tmp_path / "odd.toml"
    scenario.write_text('[[step]]\ndo = "dismiss"\nroom_id = "nowhere"\n')
    done = run_local("up", "--port", "0", "--scenario", str(scenario))
    assert done.returncode == 1
    assert done.stderr.startswith("error: dismiss in room nowhere at 0 s: ")
    assert done.stderr.count("\n") == 1


def test_listens_on_loopback_only(quiet: str) -> None:
    with serve_local("up", "--port", "0", "--scenario", quiet) as up:
        port = int(up.url.rpartition(":")[2])
        listening = Path("/proc/net/tcp").read_text().splitlines()
        local = [line.split()[1] for line in listening if f":{port:04X} 00000000:0000" in line]
        assert local == [f"0100007F:{port:04X}"]
