"""The files in the bucket against what the formats make of the sentences that were accepted."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from benchmarks.chaos.expected import Expected, expect
from benchmarks.chaos.history import History
from local.development import COS_FOLDER
from shared.archive.keys import find_folder
from shared.callbacks import ROOM_DISMISSED
from shared.delivery.contents import read_meta, read_records, write_contents
from shared.ledger import Session
from shared.ledger.deliveries import META, RECORDS
from shared.ledger.heads import make_head
from shared.ledger.ledger import Version
from shared.transcripts.records import SentenceNews
from shared.transcripts.timeline import build_transcript

Files = Mapping[str, bytes]  # of one session, by their names


def list_files(session: Session, objects: Files) -> dict[str, bytes]:
    """The session's files in a bucket with these objects, by their names."""
    folder = f"{COS_FOLDER}/{find_folder(session.id)}/"
    return {key.removeprefix(folder): raw for key, raw in objects.items() if key.startswith(folder)}


def list_unclosed(history: History) -> tuple[list[str], list[str]]:
    """The sessions of whose end the webhook was lost for good, and all others that are open."""
    lost = {
        strike["room_id"]: strike["at_ms"]
        for strike in history.strikes
        if strike["what"] == "lose" and strike.get("event_type") == ROOM_DISMISSED
    }
    still_open = [one for one in history.delivered.sessions if one.closed_ms is None]
    untold = [s.id for s in still_open if lost.get(s.room.room_id, 0) >= s.opened_ms]
    return untold, [session.id for session in still_open if session.id not in untold]


def judge_files(history: History) -> tuple[int, list[str]]:
    """How many files are as they must be, and what is wrong with all others."""
    sessions, objects = history.delivered.sessions, history.delivered.objects
    expected = expect(history.told.values(), sessions, history.deletions)
    deleted = {deletion.room for deletion in history.deletions}
    broken = [
        f"{one.room.room_id}: an accepted sentence has no session" for one in expected.homeless
    ]
    equal = 0
    for session in sessions:
        if session.closed_ms is None:
            continue
        files = list_files(session, objects)
        problems = [
            *_judge_session(
                session,
                files,
                expected.sessions[session.id],
                history.delivered.deleted_versions[session.id],
                is_deleted=session.room in deleted,
            )
        ]
        broken += [f"{session.id}: {problem}" for problem in problems]
        equal += 0 if problems else len(files)
    of_sessions = sum(len(list_files(session, objects)) for session in sessions)
    if of_sessions < len(objects):
        broken.append(f"{len(objects) - of_sessions} files are of no session")
    return equal, broken


def _judge_session(
    session: Session, files: Files, expected: Expected, deleted: int, *, is_deleted: bool
) -> Iterator[str]:
    if is_deleted and not expected.may and not expected.must:
        if files:
            yield f"{len(files)} files of a deleted text"
    elif not files:
        if expected.must or (session.tasks and not is_deleted):
            yield f"no files, of {len(expected.must)} sentences"
    elif RECORDS not in files or META not in files:
        yield f"there are only {sorted(files)}"
    else:
        yield from _compare(session, files, expected, deleted)


def _compare(session: Session, files: Files, expected: Expected, deleted: int) -> Iterator[str]:
    records = {record.key: record for record in read_records(files[RECORDS])}
    if missing := expected.must.keys() - records.keys():
        yield f"{len(missing)} of {len(expected.must)} accepted sentences are missing"
    news: list[SentenceNews] = []
    for record in records.values():
        explained = expected.explains(record)
        if explained is None:
            yield "a sentence is there that nobody told, or that was deleted"
        else:
            news.append(replace(explained, version=record.version))
    version = json.loads(files[META])["version"]
    if len({one.version for one in news}) < len(news) or any(n.version > version for n in news):
        yield "the sentences' versions are impossible"
    transcript = build_transcript(make_head(session, Version(version, deleted)), news)
    people = read_meta(files[META]).people
    wanted = write_contents(session, transcript, people, news).files
    different = {name for name in {*wanted, *files} if wanted.get(name) != files.get(name)}
    if different:
        yield f"{', '.join(sorted(different))}: not what the formats make of it"
