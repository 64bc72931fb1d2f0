"""The files in the bucket against what the formats make of the sentences that were accepted."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from benchmarks.chaos.expected import Expected, expect
from benchmarks.chaos.history import Delivered, Epoch, History
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
    for one in still_open:  # of a closing before a loss the next ledger knows nothing
        closings_ms = history.closings_ms.get(one.room, [])
        forgotten_ms = [ms for ms in closings_ms for each in history.lost if ms <= each.end_ms]
        known_ms = lost.get(one.room.room_id, 0)
        lost[one.room.room_id] = max([known_ms, *forgotten_ms])
    untold = [s.id for s in still_open if lost.get(s.room.room_id, 0) >= s.opened_ms]
    return untold, [session.id for session in still_open if session.id not in untold]


def judge_files(history: History) -> tuple[int, list[str]]:
    """How many files are as they must be, and what is wrong with all others."""
    equal, broken = 0, []
    for epoch in history.epochs:
        count, problems = _judge_epoch(epoch, history)
        equal += count
        broken += [*problems, *_find_changed(epoch.left, history.delivered)]
    known = {one.id: one for epoch in history.epochs for one in epoch.left.sessions}
    objects = history.delivered.objects
    of_sessions = sum(len(list_files(session, objects)) for session in known.values())
    if of_sessions < len(objects):
        broken.append(f"{len(objects) - of_sessions} files are of no session")
    return equal, broken


def _find_changed(was: Delivered, left: Delivered) -> Iterator[str]:
    """Files that the archive had when Redis was lost, and that are others, or say less, in the end."""
    goes_on = {session.id for session in left.sessions}
    for session in was.sessions:
        files, now = (list_files(session, one.objects) for one in (was, left))
        is_less = len(now.get(RECORDS, b"")) < len(files.get(RECORDS, b""))
        is_done = session.id in was.archived and session.id not in goes_on
        if (is_done and files != now) or (is_less and not was.deleted_versions[session.id]):
            yield f"{session.id}: archived files were changed after Redis was lost"


def _judge_epoch(epoch: Epoch, history: History) -> tuple[int, list[str]]:
    """The same of one ledger's sessions; of a lost one's, those that were archived by then."""
    left, is_lost = epoch.left, epoch in history.lost
    sessions, objects = left.sessions, left.objects
    deletions = [d for d in history.deletions if epoch.begin_ms < d.answered_at_ms <= epoch.end_ms]
    expected = expect(epoch.told.values(), sessions, deletions)
    deleted = {deletion.room for deletion in deletions}
    broken = [
        f"{one.room.room_id}: an accepted sentence has no session" for one in expected.homeless
    ]
    equal = 0
    for session in sessions:
        if session.closed_ms is None or (is_lost and session.id not in left.archived):
            continue
        files = list_files(session, objects)
        problems = [
            *_judge_session(
                session,
                files,
                expected.sessions[session.id],
                left.deleted_versions[session.id],
                is_deleted=session.room in deleted,
            )
        ]
        broken += [f"{session.id}: {problem}" for problem in problems]
        equal += 0 if problems else len(files)
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
