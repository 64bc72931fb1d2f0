"""A transcript as a file: WebVTT or SubRip for players, text for people, JSON for programs.

In all but JSON one line is one line: text is made harmless, and nothing legible is taken away.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from shared.errors import RequestError
from shared.times import write_date
from shared.transcripts.records import Sentence, State, Transcript, TranscriptHead

WEBVTT_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
# An invisible character keeps text from being taken for times, of which two make a cue to some readers;
# or for markup and the number of the next cue, which SubRip cannot escape. Some readers know the digits
# of any script.
JOINER = "\u2060"
TIME = re.compile(r"\d:(?=\d{1,2}[.,]\d)")
MARKUP = re.compile(rf"[<{{]|--(?=>)|{TIME.pattern}|^\d+$")
DATE = "%Y-%m-%d %H:%M:%S UTC"
NOTHING_SAID = "Nothing has been said."
NOTHING_KEPT = {
    "waiting": "Nothing is written down yet: the transcription waits for its start.",
    "failed": "Nothing is written down: the transcription failed.",
    "held": "Nothing is written down: the transcription was stopped by hand.",
    "not_transcribed": "Nothing is written down: this room is not transcribed.",
}
BREAKS = re.compile("[\t\n\x0b\x0c\r\x1c-\x1f\x85\u2028\u2029]+")
CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
PDF, PDI = "\u202c", "\u2069"
EMBEDDINGS, ISOLATES = "\u202a\u202b\u202d\u202e", "\u2066\u2067\u2068"
DIRECTIONS = re.compile(f"[{EMBEDDINGS}{ISOLATES}{PDF}{PDI}]")
NOTHING = "…"  # for a text in which nothing can be read: a cue without text is none to some players
MAX_LANGUAGES = 4
DOCUMENT = "transcript.json"  # the file of a transcript's document
SPOKEN = "spoken"  # asks for each sentence in the language in which it was said


class Document(Struct, frozen=True, omit_defaults=True):
    """A session's transcript, or what changed in it. Texts may hold any character: escape them."""

    format: Literal["roomscribe-transcript-1"]
    room_id: Annotated[str, Meta(description="the room's id; another session may have the same")]
    opened_ms: Annotated[int, Meta(description="when the session opened, in ms since 1970")]
    closed_ms: Annotated[int | None, Meta(description="when it closed; null while it is open")]
    version: Annotated[int, Meta(description="grows with every change", ge=0)]
    next: Annotated[str, Meta(description="ask with `?since=` and this for what changes next")]
    complete: Annotated[bool, Meta(description="false: only the sentences that changed are here")]
    unread: Annotated[
        int, Meta(description="callbacks here in which Roomscribe found no text", ge=0)
    ]
    sentences: Annotated[list[Sentence], Meta(description="in the order of their `start_ms`")]
    names: Annotated[
        Mapping[str, str | None],
        Meta(description="user_id → name, of those who have one; null: not any more"),
    ] = {}
    notice: Annotated[str, Meta(description="that, and by whom, the room is transcribed")] = ""
    state: Annotated[
        State | UnsetType,
        Meta(description="what became of it; archived by earlier releases: absent"),
    ] = UNSET


def write_document(transcript: Transcript, *, complete: bool = True) -> str:
    """The JSON of a transcript; `complete` is False when it holds only what changed."""
    head = transcript.head
    document = Document(
        format="roomscribe-transcript-1",
        room_id=head.room_id,
        opened_ms=head.opened_ms,
        closed_ms=head.closed_ms,
        version=head.version,
        next=write_next(head),
        complete=complete,
        unread=transcript.unread,
        sentences=transcript.sentences,
        names=transcript.names,
        notice=head.notice,
        state=head.state,
    )
    return msgspec.json.encode(document).decode()


def write_next(head: TranscriptHead) -> str:
    """The value of `since` with which a reader of this document asks for later changes."""
    names = f".{head.names_version}" if head.names_version else ""
    return f"{head.version}.{head.layout}{names}"


def read_since(text: str, head: TranscriptHead) -> int:
    """The version after which a reader wants what changed; 0 when only the whole will do.

    `text` is an earlier document's `next`, or just its version. What moved on the timeline
    without a change of its own (a task turned out to have begun at another time), or was
    deleted, is in no list of changes: then the reader gets everything again.
    """
    match = re.fullmatch(r"([0-9]{1,15})(?:\.([0-9a-f]{8})(?:\.[0-9]{1,15})?)?", text)
    if not match or match[2] not in (None, head.layout):
        return 0
    version = int(match[1])
    return version if head.deleted <= version <= head.version else 0


def knows_names(text: str, head: TranscriptHead) -> bool:
    """Whether a reader who sends this `since` has the current names of all users."""
    return text.split(".")[2:] == write_next(head).split(".")[2:]


def read_languages(text: str) -> tuple[str, ...]:
    """The languages in `en`, `en,zh` or `spoken+zh` (a plus sign arrives as a space); () for "".

    Raises RequestError.
    """
    names = [name for name in re.split(r"[,+\s]+", text) if name]
    good = all(re.fullmatch(r"[A-Za-z0-9_-]{1,35}", name) for name in names)
    if not good or len(names) > MAX_LANGUAGES:
        raise RequestError(f"lang: at most {MAX_LANGUAGES} language tags, such as en,zh")
    return tuple(dict.fromkeys(names))


def write_webvtt(transcript: Transcript, languages: Sequence[str] = ()) -> str:
    """The transcript as WebVTT: one numbered cue a sentence, a line for each language.

    Source: W3C, WebVTT: The Web Video Text Tracks Format.
    """
    cues = _write_cues(transcript, languages, ".", "<v {}>", _escape)
    notice = transcript.head.notice
    notes = [f"NOTE {_escape(notice)}\n"] if notice else []
    return "\n".join(("WEBVTT\n", *notes, *cues))


def write_srt(transcript: Transcript, languages: Sequence[str] = ()) -> str:
    """The transcript as SubRip (.srt): one cue a sentence, beginning with its speaker, a line a language.

    No standard describes SubRip, so only what every player knows is used: it has no notice, for want of
    comments.
    """
    return "\n".join(_write_cues(transcript, languages, ",", "{}: ", _disarm))


def write_text(transcript: Transcript, languages: Sequence[str] = ()) -> str:
    """A heading, then a line for each sentence; further languages stand below it, indented."""
    head = transcript.head
    closed = "still open"
    if head.closed_ms is not None:
        closed = f"closed {write_date(head.closed_ms, DATE)}"
    heading = (
        f"Room {write_plain(head.room_id)}\nOpened {write_date(head.opened_ms, DATE)}, {closed}\n"
    )
    heading += f"{write_plain(head.notice)}\n" if head.notice else ""
    lines = []
    for sentence in transcript.sentences:
        when = f"[{write_clock(sentence.start_ms)[:-4]}] "
        who = transcript.call(sentence.user_id)
        speaker = f"{write_plain(who)}: " if who else ""
        first, *others = (write_plain(text) for text in choose_texts(sentence, languages))
        lines += [f"{when}{speaker}{first}", *(" " * len(when) + other for other in others)]
    return "\n".join((heading, *(lines or [NOTHING_KEPT.get(head.state, NOTHING_SAID)]), ""))


FORMS: dict[str, tuple[str, Callable[[Transcript, Sequence[str]], str]]] = {
    "vtt": ("text/vtt; charset=utf-8", write_webvtt),
    "srt": ("application/x-subrip; charset=utf-8", write_srt),
    "txt": ("text/plain; charset=utf-8", write_text),
}


def _write_cues(
    transcript: Transcript,
    languages: Sequence[str],
    mark: str,
    speaker: str,
    protect: Callable[[str], str],
) -> Iterator[str]:
    """One cue a sentence: `mark` stands before the ms, `speaker` has {} for who spoke."""
    for number, sentence in enumerate(transcript.sentences, 1):
        start, end = write_clock(sentence.start_ms, mark), write_clock(sentence.end_ms, mark)
        name = transcript.call(sentence.user_id)
        who = speaker.format(protect(name)) if name else ""
        who = who.replace("-->", f"--{JOINER}>")  # of a name and its tag: an arrow ends the cue
        lines = "\n".join(protect(text) for text in choose_texts(sentence, languages))
        yield f"{number}\n{start} --> {end}\n{who}{lines}\n"


def _escape(text: str) -> str:
    return TIME.sub(rf"\g<0>{JOINER}", write_plain(text).translate(WEBVTT_ESCAPES))


def _disarm(text: str) -> str:
    return MARKUP.sub(rf"\g<0>{JOINER}", write_plain(text))


def write_plain(text: str) -> str:
    """`text` in one line without control characters, and what it turns around turned back at its end."""
    if text.isprintable():  # as nearly every text: no control, no direction, no break
        return text.strip() or NOTHING
    line = CONTROLS.sub("\ufffd", BREAKS.sub(" ", text)).strip()
    return close_directions(line) or NOTHING


def close_directions(text: str) -> str:
    """`text` followed by what ends its open bidirectional embeddings, overrides and isolates.

    Source: Unicode Standard Annex 9, explicit directional formatting.
    """
    ends: list[str] = []  # what would end each mark that is still open
    for mark in DIRECTIONS.findall(text):
        if mark in EMBEDDINGS:
            ends.append(PDF)
        elif mark in ISOLATES:
            ends.append(PDI)
        elif mark == PDI and PDI in ends:
            while ends.pop() != PDI:
                pass  # an isolate takes the embeddings inside it along
        elif mark == PDF and ends[-1:] == [PDF]:
            ends.pop()
    return text + "".join(reversed(ends))


def write_clock(ms: int, mark: str = ".") -> str:
    """`ms` as 00:01:02.500; the hours grow beyond two digits when they must."""
    seconds, rest_ms = divmod(ms, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{mark}{rest_ms:03}"


def choose_texts(sentence: Sentence, languages: Sequence[str]) -> list[str]:
    """The sentence in each of the languages, a text never twice; as spoken when it is in none of them."""
    known = {SPOKEN: sentence.text, sentence.language: sentence.text, **sentence.translations}
    found = [_find_text(known, language) for language in languages]
    texts = list(dict.fromkeys(text for text in found if text))
    return texts or [sentence.text or next(iter(sentence.translations.values()))]


def _find_text(known: Mapping[str, str], language: str) -> str:
    """The text in that language; in another region's form of it when that is all there is."""
    wanted = _fold(language)
    main = wanted.partition("-")[0]
    exact = (text for name, text in known.items() if _fold(name) == wanted)
    close = (text for name, text in known.items() if _fold(name).partition("-")[0] == main)
    return next(exact, "") or next(close, "")


def _fold(language: str) -> str:
    return language.lower().replace("_", "-")
