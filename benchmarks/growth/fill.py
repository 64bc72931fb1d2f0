"""Fills a ledger, or a rules file, with as much as is asked for."""

from __future__ import annotations

import time
from pathlib import Path

from benchmarks.cost.contenders import FIRST_ROOM, SDK_APP_ID
from local.development import ROOT
from shared.ledger import RoomBook, claims, close_ledgers, open_ledger
from shared.room import Room
from shared.rules.decision import SUFFIX, load_rules, prepare_rules
from shared.transcripts.records import SentenceNews, Words

RULE = """
[[rules]]
name = "rule {number}"
room = "class-{number}-*"
cloud = {{ language = "bigmodel-zh", translate_to = ["en"] }}
"""


def add_rooms(url: str, count: int) -> None:
    """That many rooms in which a task runs."""
    rule = load_rules(str(ROOT / "rules.toml"), "unknown").decide(SDK_APP_ID, "1", 0)
    now_ms = time.time_ns() // 1_000_000

    def open_room(book: RoomBook) -> None:
        _, session = book.open_session(now_ms, rule)
        assert session  # noqa: S101  it is new
        won, claim = claims.claim_start(
            session,
            "*",
            rule.service,
            trigger="101",
            token="1",  # noqa: S106  a claim's
            now_ms=now_ms,
        )
        assert won  # noqa: S101
        claims.finish_start(session, claim, f"task-{book.room.room_id}", "ap-singapore", now_ms)

    ledger = open_ledger(url)
    for number in range(count):
        ledger.change(Room(SDK_APP_ID, str(2 * FIRST_ROOM + number), 0), open_room)
    close_ledgers()


def add_sentences(url: str, count: int) -> None:
    """That many sentences in the first room's session."""
    ledger = open_ledger(url)
    session = ledger.read(Room(SDK_APP_ID, str(FIRST_ROOM), 0)).latest
    assert session  # noqa: S101  its 101 has been there
    for number in range(count):
        said = Words(number, f"sentence number {number}", "ann", number, number + 1, "en")
        ledger.keep_sentence(session, SentenceNews(f"key-{number}", f"task-{FIRST_ROOM}", said))
    close_ledgers()


def write_rules(path: Path, count: int) -> str:
    """The shipped rules with that many before them, none of which matches; prepared as in a package."""
    shipped = (ROOT / "rules.toml").read_text(encoding="utf-8")
    head, mark, rules = shipped.partition("[[rules]]")
    more = "".join(RULE.format(number=number) for number in range(count))
    text = head + more + mark + rules
    path.write_text(text, encoding="utf-8")
    Path(f"{path}{SUFFIX}").write_bytes(prepare_rules(text, "international"))
    return str(path)
