"""What `up --once` says at the end: whether all that was said was transcribed, and what was not and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from local.tally import Room, Tally
from shared.counts import write_count


def give_verdict(tally: Tally, kept: Mapping[Room, int], faults: Sequence[str]) -> list[str]:
    """A sentence about everything, then one for each thing that was missed.

    `kept` is how many sentences the transcripts of a room have, `faults` what else is known to lack.
    """
    missed = [*faults, *_find_missed(tally, kept)]
    count = len(tally.wanted_rooms)
    rooms = write_count(count, "room") if count else "no rooms"
    if missed:
        judged = "not all was transcribed"
    elif any(tally.heard[room] for room in tally.wanted_rooms):
        judged = "all that was said after the start was transcribed"
    else:
        judged = "nothing was said that had to be transcribed"
    started = _describe_starts(list(tally.starts.values()))
    return [f"{rooms}: {judged}{started}", *missed, *_find_early(tally)]


def _find_missed(tally: Tally, kept: Mapping[Room, int]) -> Iterator[str]:
    for room in sorted(tally.wanted_rooms):
        heard = len(tally.heard[room])
        lost = heard - kept.get(room, 0)
        if tally.late[room]:
            yield _tell(tally, room, tally.late[room], "said while nothing transcribed")
        if lost > 0:
            yield _tell(tally, room, lost, "heard, and not in the transcript")


def _find_early(tally: Tally) -> Iterator[str]:
    """What the time of a start has cost; a start that never was is a fault of its own."""
    for room in sorted(tally.wanted_rooms):
        if tally.early[room]:
            yield _tell(tally, room, tally.early[room], "said before a transcription ran")


def _tell(tally: Tally, room: Room, count: int, what: str) -> str:
    """How much of what was said in a room, and why its log says so."""
    said = len(tally.heard[room]) + tally.early[room] + tally.late[room]
    why = f": {tally.troubles[room]}" if room in tally.troubles else ""
    return f"{room[0]}: {count} of {write_count(said, 'sentence')} {what}{why}"


def _describe_starts(starts_ms: Sequence[int]) -> str:
    if not starts_ms:
        return ""
    shortest, longest = f"{min(starts_ms) / 1000:.1f}", f"{max(starts_ms) / 1000:.1f}"
    took = shortest if shortest == longest else f"{shortest} to {longest}"
    return f"; {'the start' if len(starts_ms) == 1 else 'starts'} took {took} s"
