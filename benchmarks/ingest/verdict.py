"""Whether the ledger has everything that was said, once each and in order."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

from benchmarks.ingest.plan import (
    TRANSLATED_EVERY,
    Size,
    name_room,
    write_text,
    write_translation,
)
from benchmarks.ingest.posting import LANGUAGE, STRING_ROOM
from local.development import SDK_APP_ID
from shared.ledger import Ledger, close_ledgers, open_ledger
from shared.reading.kept import KeptTranscripts
from shared.room import Room
from shared.transcripts.records import Sentence
from shared.transcripts.timeline import build_transcript


class Verdict(NamedTuple):
    """How many sentences are lost, there twice, out of order, or without their own translation."""

    lost: int
    doubled: int
    misplaced: int
    untranslated: int


def judge(ledger_url: str, size: Size) -> Verdict:
    """Read every room's transcript and compare it with the plan."""
    ledger = open_ledger(ledger_url)
    rooms = [judge_room(list_said(ledger, room), room, size) for room in range(size.rooms)]
    close_ledgers()
    return Verdict(*(sum(counts) for counts in zip(*rooms, strict=True)))


def judge_room(said: list[Sentence], room: int, size: Size) -> Verdict:
    """The same for one room; `said` is its transcript."""
    planned = {write_text(room, number): number for number in range(size.sentences)}
    numbers = [planned.get(sentence.text, -1) for sentence in said]
    found = set(numbers) - {-1}
    misplaced = sum(after < before for before, after in pairwise(numbers))
    wrong = sum(
        sentence.translations != _plan_translations(room, number)
        for sentence, number in zip(said, numbers, strict=True)
    )
    return Verdict(size.sentences - len(found), len(numbers) - len(found), misplaced, wrong)


def list_said(ledger: Ledger, room: int) -> list[Sentence]:
    """A room's transcript, as a reader gets it."""
    (session,) = ledger.list_sessions(Room(SDK_APP_ID, name_room(room), STRING_ROOM), 2)
    transcripts = KeptTranscripts(ledger, 0)
    head = transcripts.read_head(session.id)
    return build_transcript(head, transcripts.list_news(session.id, 0)).sentences if head else []


def _plan_translations(room: int, number: int) -> dict[str, str]:
    is_translated = number >= 0 and number % TRANSLATED_EVERY == 0
    return {LANGUAGE: write_translation(room, number)} if is_translated else {}
