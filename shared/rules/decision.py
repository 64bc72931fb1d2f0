"""Which transcription for which room: the rules, as the package prepared them, and a pure decision.

The package has rules.toml checked already, beside the text it was made from: parsing and checking the
shipped rules takes 15 ms of a cold start, reading what was made of them 0.1 ms.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable
from fnmatch import translate
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from shared.errors import RulesError
from shared.site import Site
from shared.stored import FrozenStored

# A parsed TOML or JSON table: any value may stand in it.
Table = dict[str, Any]

Miss = Literal["sdk_app_id", "room_id_type", "room"]
Globs = list[Annotated[str, Meta(min_length=1)]]
SUFFIX = ".prepared.json"  # rules.toml.prepared.json
GLOBS_KEPT = 8_192
MARKS = "*?["
CLIENT_TRANSCRIBERS = "transcriber_*_robot_*"  # Source: trtc-sdk-v5 5.17.1, TXLiteAVSDK 2025
NOTICE = "Transcribed automatically, with Roomscribe."
NUMBERS = re.compile(r"([0-9]{1,10})-([0-9]{1,10})")  # a glob that is a range of numeric rooms


class Speaker(FrozenStored, frozen=True):
    """Whose task differs from the rule's: the first entry whose globs match the user wins."""

    user: Globs
    service: Literal["cloud", "ai", "none"] | None = None
    cloud: Table = {}
    ai: Table = {}


class Rule(FrozenStored, frozen=True):
    """What happens in the rooms it matches; a session keeps the rule it was opened with.

    `max_idle_s` is 5 to 86400 s. `cloud` and `ai` hold each service's parameters, complete. `notice` tells
    readers that the room is transcribed, and by whom.
    """

    name: Annotated[str, Meta(min_length=1)]
    room: Annotated[Globs, Meta(min_length=1)]
    sdk_app_id: list[Annotated[int, Meta(ge=1, le=2**32 - 1)]] = []
    room_id_type: Literal[0, 1] | None = None
    service: Literal["cloud", "ai", "none"] = "cloud"
    start_on: Literal["room_created", "user_entered", "audio_started"] = "room_created"
    scope: Literal["room", "user"] = "room"
    max_idle_s: Annotated[int, Meta(ge=5, le=86400)] = 60
    ignore_users: Globs = []
    reference: Annotated[str, Meta(max_length=256)] = ""
    notice: Annotated[str, Meta(max_length=200)] = NOTICE
    fallback: Literal["cloud", "ai", "none"] = "none"
    cloud: Table = {}
    ai: Table = {}
    speakers: list[Speaker] = []

    def find_miss(self, sdk_app_id: int, room_id: str, room_id_type: int) -> Miss | None:
        """The key that keeps this rule from being about that room; None when nothing does."""
        if self.sdk_app_id and sdk_app_id not in self.sdk_app_id:
            return "sdk_app_id"
        if self.room_id_type not in (None, room_id_type):
            return "room_id_type"
        for glob in self.room:
            numbers = find_range(glob) if room_id_type == 0 else None
            if int(room_id) in numbers if numbers else find_matcher(glob)(room_id):
                return None
        return "room"

    @property
    def wants_nothing(self) -> bool:
        """Whether nobody in its rooms is transcribed."""
        return {self.service, *(speaker.service for speaker in self.speakers)} <= {"none", None}

    def ignores(self, user_id: str) -> bool:
        """Whether that user is another product's bot; a client's transcriber is one under every rule."""
        globs = (CLIENT_TRANSCRIBERS, *self.ignore_users)
        return any(find_matcher(glob)(user_id) for glob in globs)

    def for_user(self, user_id: str) -> Rule:
        """The rule for the task of one speaker: service "none" when that speaker is not transcribed."""
        if not self.speakers:
            return self
        for speaker in self.speakers:
            if any(find_matcher(glob)(user_id) for glob in speaker.user):
                return self.adapt_to(speaker)
        return msgspec.structs.replace(self, service="none")

    def adapt_to(self, speaker: Speaker) -> Rule:
        """The rule for the task of a speaker whom that entry matches."""
        return msgspec.structs.replace(
            self,
            service=speaker.service or self.service,
            cloud=self.cloud | speaker.cloud,
            ai=self.ai | speaker.ai,
        )

    def parameters(self, service: str) -> Table:
        """The parameters of that service."""
        return self.cloud if service == "cloud" else self.ai

    def region(self, service: str) -> str:
        """The region in which that service is asked; "" for a site that needs none."""
        return str(self.parameters(service).get("region", ""))


class Rules(Struct, frozen=True, dict=True):
    """The rules of one file, in their order."""

    rules: list[Rule]

    def decide(self, sdk_app_id: int, room_id: str, room_id_type: int) -> Rule:
        """The first rule that matches; a rule of service "none" when none does.

        A thousand rules cost no more than ten: all but a few stand in the index under other names.
        """
        beginnings = (room_id[:length] + "*" for length in range(len(room_id) + 1))
        places = {p for key in (room_id, *beginnings) for p in self._index.get(key, ())}
        for place in sorted(places):
            if self.rules[place].find_miss(sdk_app_id, room_id, room_id_type) is None:
                return self.rules[place]
        return NO_RULE

    @cached_property
    def _index(self) -> dict[str, list[int]]:
        """The places of the rules by their globs: a room's name, the beginning of one and *, or * alone.

        Under * alone stands every glob that may be about any room, such as a range.
        """
        index: dict[str, list[int]] = {}
        for place, rule in enumerate(self.rules):
            for glob in rule.room:
                beginning = glob.rstrip("*")
                if find_range(glob) or any(mark in beginning for mark in MARKS):
                    key = "*"
                else:
                    key = glob if glob == beginning else f"{beginning}*"
                index.setdefault(key, []).append(place)
        return index


NO_RULE = Rule(name="(no rule matches)", room=["*"], service="none")


class Prepared(Struct, frozen=True):
    """Rules, the digest of the text that they were, and the site whose API they were checked for."""

    digest: str
    site: Site
    rules: Rules


def load_rules(path: str, site: Site) -> Rules:
    """The rules in the file at `path`, read once for each version of it; raises RulesError."""
    try:
        stamp = os.stat(path)  # noqa: PTH116  at every event: half of what pathlib takes
    except (OSError, ValueError) as error:  # ValueError: no text that can be a path
        raise RulesError([f"{path}: cannot be read; set RULES_FILE to a rules.toml"]) from error
    return _load(path, stamp.st_mtime_ns, stamp.st_size, site)


def prepare_rules(text: str, site: Site) -> bytes:
    """What the package holds beside a rules.toml of that text; raises RulesError."""
    return msgspec.json.encode(Prepared(_digest(text), site, _parse("rules.toml", text, site)))


def read_text(path: str | Path) -> str:
    """The text of a rules file, without a byte order mark; raises RulesError."""
    try:
        return Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise RulesError([f"{path}: cannot be read; save it as UTF-8 (not UTF-16)"]) from error


@lru_cache(maxsize=4)
def _load(path: str, _mtime_ns: int, _size: int, site: Site) -> Rules:
    text = read_text(path)
    return _read_prepared(path, text, site) or _parse(path, text, site)


def _read_prepared(path: str, text: str, site: Site) -> Rules | None:
    """What the package prepared, None if that is missing or of another text or site.

    Rules prepared for any site are accepted when this site is unknown.
    """
    try:
        prepared = msgspec.json.decode(Path(path + SUFFIX).read_bytes(), type=Prepared)
    except (OSError, msgspec.MsgspecError):
        return None
    suits = site in (prepared.site, "unknown") and prepared.digest == _digest(text)
    return prepared.rules if suits else None


def _parse(path: str, text: str, site: Site) -> Rules:
    from shared.rules.file import parse_rules  # late: TOML, and all that checks it

    return parse_rules(text, path, site)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@lru_cache(maxsize=GLOBS_KEPT)
def find_range(glob: str) -> range | None:
    """The numeric rooms that a glob stands for, when it is a range."""
    numbers = NUMBERS.fullmatch(glob)
    return range(int(numbers[1]), int(numbers[2]) + 1) if numbers else None


@lru_cache(maxsize=GLOBS_KEPT)
def find_matcher(glob: str) -> Callable[[str], bool]:
    """Whether a text matches the glob, as fnmatchcase says.

    Nearly all globs are a name or a beginning, which need no regular expression: compiling one takes
    100 µs, and fnmatch itself keeps only the last 256.
    """
    beginning = glob.rstrip("*")
    if any(mark in beginning for mark in MARKS):
        pattern = re.compile(translate(glob))
        return lambda text: pattern.match(text) is not None
    if beginning == glob:
        return lambda text: text == glob
    return lambda text: text.startswith(beginning)
