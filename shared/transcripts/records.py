"""What is known of a transcript: the news that callbacks bring, and the sentences people read.

Of a transcript that was deleted a `Deletion` is left: enough that nothing of it comes back, and no word.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from msgspec import Meta, Struct
from msgspec.structs import replace

from shared.stored import Form, FrozenStored

UNKNOWN_MS = -1
FOR_EVER_MS = 2**53  # of a session that has closed nothing may come any more
KEYS_KEPT = 100  # of the sentences deleted last, about which more may still be told

# What has become of a session, in the words that whoever has a link may know: never a code or a reason.
State = Literal[
    "live",  # open; it is transcribed, or will be as soon as there is somebody to hear
    "waiting",  # open; a start was put off, or did not succeed, and is tried again
    "failed",  # no task runs, or ever ran, because its start failed
    "held",  # open, and a person stopped the transcription
    "not_transcribed",  # its rule wants nothing, or it closed before any task ran
    "ended",  # closed, and a task heard it
]


class Words(FrozenStored, frozen=True, order=True, gc=False):
    """One text of a sentence as one callback told it; of two, the greater one is the newer.

    `start_ms` and `end_ms` are as TRTC gave them, UNKNOWN_MS when it gave none. `language` is ""
    when nobody said which it is.
    """

    event_ms: int
    text: str
    user_id: str = ""
    start_ms: int = UNKNOWN_MS
    end_ms: int = UNKNOWN_MS
    language: str = ""

    def __repr__(self) -> str:
        """The record without its text, which must not reach a traceback or a log."""
        return f"Words(event_ms={self.event_ms}, {len(self.text)} characters)"


class SentenceNews(FrozenStored, frozen=True, gc=False):
    """All that callbacks have told of one sentence so far; what the ledger keeps, one per `key`.

    `said` is None until the sentence itself has come: a translation may be earlier. `opaque` is
    the EventInfo, as JSON, of a callback in which no text was found, `opaque_ms` its event's time.
    `version` is the one that the transcript got when this last changed.
    """

    key: str
    task_id: str
    said: Words | None = None
    translations: dict[str, Words] = {}
    opaque: str = ""
    opaque_ms: int = 0
    version: int = 0

    def list_speakers(self) -> list[str]:
        """Whoever is named as having spoken."""
        texts = [*([self.said] if self.said else []), *self.translations.values()]
        return [words.user_id for words in texts if words.user_id]

    @property
    def event_ms(self) -> int:
        """The time of the newest event that told of it."""
        words = [self.said, *self.translations.values()]
        return max([self.opaque_ms, *(each.event_ms for each in words if each)])

    def __repr__(self) -> str:
        """The record without its texts, which must not reach a traceback or a log."""
        return f"SentenceNews(key={self.key!r}, version={self.version})"


def merge_sentence(known: SentenceNews | None, new: SentenceNews) -> SentenceNews:
    """The merged news of a sentence; `known` itself when `new` adds nothing.

    Of two texts in one language the later event's wins. Any order and any repetition lead to
    the same result, so several processes may merge at once. `version` stays the known one.
    """
    if known is None:
        return new
    translations = dict(known.translations)
    for language, words in new.translations.items():
        translations[language] = max(words, translations.get(language, words))
    merged = replace(
        known,
        said=max((words for words in (known.said, new.said) if words), default=None),
        translations=dict(sorted(translations.items())),
        opaque=max(known.opaque, new.opaque),
        opaque_ms=max(known.opaque_ms, new.opaque_ms),
        unknown=max(known.unknown, new.unknown),
    )
    return known if merged == known else merged


class Deletion(FrozenStored, frozen=True):
    """What happened until `until_ms` is not kept again, whenever and however often it is told.

    Nor is what is told later of a sentence that was deleted, such as its translation: `keys` are
    those of the last ones. `version` is the one that the deletion made. `users` are speakers of whom all
    was deleted that happened until that ms.
    """

    until_ms: int = -1
    version: int = 0
    keys: list[str] = []
    users: dict[str, int] = {}

    def covers(self, news: SentenceNews) -> bool:
        """Whether the news is of something that was deleted."""
        until_ms = max([self.until_ms, *(self.users.get(one, -1) for one in news.list_speakers())])
        return news.event_ms <= until_ms or news.key in self.keys

    def follow(
        self, until_ms: int, version: int, keys: Sequence[str], user_id: str | None = None
    ) -> Deletion:
        """One more deletion: of a transcript of that version, with these sentences, the last first.

        Of what one user said, if that is told.
        """
        kept = [*keys, *self.keys][:KEYS_KEPT]
        if user_id is None:
            until_ms = max(until_ms, self.until_ms)
            return replace(self, until_ms=until_ms, version=version + 1, keys=kept)
        users = {**self.users, user_id: max(until_ms, self.users.get(user_id, -1))}
        return replace(self, version=version + 1, keys=kept, users=users)


NEWS, NEWS_LISTS, DELETIONS = Form(SentenceNews), Form(list[SentenceNews]), Form(Deletion)


class TaskOrigin(Struct, frozen=True):
    """When a task began (None: nobody told yet), and which language it hears ("": several, or unknown)."""

    started_ms: int | None = None
    language: str = ""


class TranscriptHead(Struct, frozen=True):
    """What is true of a whole transcript; `version` grows with every sentence stored or changed.

    `deleted` is the version that the last deletion made (0: there was none): of what a reader has
    from before it, nothing is left. `names_version` grows when the application's users get other names.
    Cheap to read: a poll that finds nothing new reads nothing else.
    """

    session_id: str
    room_id: str
    opened_ms: int
    closed_ms: int | None
    version: int
    tasks: dict[str, TaskOrigin] = {}
    deleted: int = 0
    names_version: int = 0
    notice: str = ""  # that, and by whom, the room is transcribed
    state: State = "live"
    told_layout: str = ""  # of a transcript that is known from its document alone

    @property
    def layout(self) -> str:
        """Changes when sentences that did not change themselves move to another time."""
        if self.told_layout:
            return self.told_layout
        starts = sorted((task_id, origin.started_ms) for task_id, origin in self.tasks.items())
        return hashlib.blake2b(repr((self.opened_ms, starts)).encode(), digest_size=4).hexdigest()


class Sentence(Struct, frozen=True, gc=False):
    """One sentence at its place on the room's timeline."""

    key: Annotated[str, Meta(description="the same for ever, whatever changes in the sentence")]
    task_id: Annotated[str, Meta(description="the transcription task that heard it")]
    user_id: Annotated[str, Meta(description="who spoke; empty when unknown")]
    text: Annotated[
        str, Meta(description="as spoken; empty when only a translation has come so far")
    ]
    language: Annotated[str, Meta(description="the language of `text`; empty when unknown")]
    start_ms: Annotated[int, Meta(description="since the session opened", ge=0)]
    end_ms: Annotated[int, Meta(description="since the session opened; after `start_ms`", ge=1)]
    event_ms: Annotated[int, Meta(description="when TRTC told of it, in ms since 1970")]
    translations: Annotated[dict[str, str], Meta(description="language → text")]
    version: Annotated[
        int, Meta(description="the transcript's version when this sentence last changed")
    ]


class Transcript(Struct, frozen=True):
    """A session's sentences in order, or those that changed; `unread` counts callbacks without text.

    `names` says what users are called, by their id; None: nothing any more.
    """

    head: TranscriptHead
    sentences: list[Sentence]
    unread: int = 0
    names: Mapping[str, str | None] = {}

    def list_speakers(self) -> list[str]:
        """Whoever spoke, by id."""
        return sorted({sentence.user_id for sentence in self.sentences if sentence.user_id})

    def call(self, user_id: str) -> str:
        """What a user is called: the name, or else the id; "" when nobody knows who it was."""
        return self.names.get(user_id) or user_id
