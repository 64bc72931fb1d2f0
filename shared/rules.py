"""rules.toml: which transcription for which room; a pure decision, and errors by rule and key."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from shared.errors import RulesError
from shared.services.parameters import check_parameters, key_names, suggest_name

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

# A parsed TOML or JSON table: any value may stand in it.
Table = dict[str, Any]

Globs = list[Annotated[str, Meta(min_length=1)]]
NUMBERS = re.compile(r"([0-9]+)-([0-9]+)")
SERVICES = ("cloud", "ai")


class Speaker(Struct, frozen=True, omit_defaults=True):
    """Whose task differs from the rule's: the first entry whose globs match the user wins."""

    user: Globs
    service: Literal["cloud", "ai", "none"] | None = None
    cloud: Table = {}
    ai: Table = {}


class Rule(Struct, frozen=True, omit_defaults=True):
    """What happens in the rooms it matches; a session keeps the rule it was opened with.

    `max_idle_s` is 5 to 86400 s. `cloud` and `ai` hold each service's parameters, complete.
    """

    name: str
    room: Globs
    sdk_app_id: list[int] = []
    room_id_type: Literal[0, 1] | None = None
    service: Literal["cloud", "ai", "none"] = "cloud"
    start_on: Literal["room_created", "user_entered", "audio_started"] = "room_created"
    scope: Literal["room", "user"] = "room"
    max_idle_s: Annotated[int, Meta(ge=5, le=86400)] = 60
    ignore_users: Globs = []
    fallback: Literal["cloud", "ai", "none"] = "none"
    cloud: Table = {}
    ai: Table = {}
    speakers: list[Speaker] = []

    def explain_miss(self, sdk_app_id: int, room_id: str, room_id_type: int) -> str | None:
        """Why this rule is not about that room; None when it is."""
        if self.sdk_app_id and sdk_app_id not in self.sdk_app_id:
            return f"it is for application {', '.join(map(str, self.sdk_app_id))}"
        if self.room_id_type not in (None, room_id_type):
            return f"it is for rooms of room_id_type {self.room_id_type}"
        if not any(_match_room(glob, room_id, room_id_type) for glob in self.room):
            return f"the room is none of {', '.join(map(repr, self.room))}"
        return None

    @property
    def wants_nothing(self) -> bool:
        """Whether nobody in its rooms is transcribed."""
        return self.service == "none" and all(
            speaker.service in (None, "none") for speaker in self.speakers
        )

    def ignores(self, user_id: str) -> bool:
        """Whether that user is another product's bot."""
        return any(fnmatchcase(user_id, glob) for glob in self.ignore_users)

    def for_user(self, user_id: str) -> Rule:
        """The rule for the task of one speaker: service "none" when that speaker is not transcribed."""
        if not self.speakers:
            return self
        for speaker in self.speakers:
            if any(fnmatchcase(user_id, glob) for glob in speaker.user):
                return _adapt(self, speaker)
        return msgspec.structs.replace(self, service="none")

    def parameters(self, service: str) -> Table:
        """The parameters of that service."""
        return self.cloud if service == "cloud" else self.ai


class Rules(Struct, frozen=True):
    """The rules of one file, in their order."""

    rules: list[Rule]

    def decide(self, sdk_app_id: int, room_id: str, room_id_type: int) -> Rule:
        """The first rule that matches; a rule of service "none" when none does."""
        for rule in self.rules:
            if rule.explain_miss(sdk_app_id, room_id, room_id_type) is None:
                return rule
        return NO_RULE


NO_RULE = Rule(name="(no rule matches)", room=["*"], service="none")

_RULE_KEYS = {item.encode_name: item.type for item in msgspec.structs.fields(Rule)}
_SPEAKER_KEYS = {item.encode_name: item.type for item in msgspec.structs.fields(Speaker)}
_DEFAULT_KEYS = {
    key: kind
    for key, kind in _RULE_KEYS.items()
    if key not in ("name", "room", "sdk_app_id", "room_id_type", "speakers")
}
_LISTS = ("room", "user", "sdk_app_id", "ignore_users")  # one value may stand alone


def load_rules(path: str) -> Rules:
    """The rules in the file at `path`, parsed once for each version of it; raises RulesError."""
    try:
        stamp = Path(path).stat()
    except OSError as error:
        raise RulesError([f"{path}: cannot be read; set RULES_FILE to a rules.toml"]) from error
    return _load(path, stamp.st_mtime_ns, stamp.st_size)


@lru_cache(maxsize=4)
def _load(path: str, _mtime_ns: int, _size: int) -> Rules:
    try:
        return parse_rules(Path(path).read_text(encoding="utf-8"), path)
    except (OSError, UnicodeDecodeError) as error:
        raise RulesError([f"{path}: cannot be read as UTF-8 text"]) from error


def parse_rules(text: str, file: str = "rules.toml") -> Rules:
    """The rules in a TOML text; raises one RulesError that lists every mistake."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RulesError([f"{file}: not TOML: {error}"]) from error
    problems = [
        f"{file}: {key}: {suggest_name(key, ('defaults', 'rules'))}"
        for key in document
        if key not in ("defaults", "rules")
    ]
    defaults, tables = document.get("defaults", {}), document.get("rules", [])
    if not isinstance(defaults, dict) or not isinstance(tables, list):
        raise RulesError([*problems, f"{file}: write [defaults] once and [[rules]] for each rule"])
    problems += _check_keys(defaults, _DEFAULT_KEYS, f"{file}: [defaults]")
    usable = {
        key: value
        for key, value in defaults.items()
        if not _check_keys({key: value}, _DEFAULT_KEYS, "")
    }
    if not tables:
        problems.append(
            f'{file}: has no rule; end with a catch-all: [[rules]] name = "everything else", room = "*"'
        )
    rules = [
        _read_rule(table, usable, f"{file}: rule {number}", problems)
        for number, table in enumerate(tables, 1)
    ]
    if problems:
        raise RulesError(problems)
    return Rules([rule for rule in rules if rule])


def override_rule(rule: Rule, changes: Mapping[str, Any]) -> Rule:
    """The rule with some keys replaced, as start_transcription's event asks; raises RulesError."""
    problems = _check_keys(changes, _DEFAULT_KEYS, "event")
    if problems:
        raise RulesError(problems)
    merged = _merge(msgspec.to_builtins(rule), changes)
    if merged.get("fallback") == merged.get("service") and "fallback" not in changes:
        merged["fallback"] = "none"
    changed = _read_rule(merged, {}, "event", problems)
    if problems or changed is None:
        raise RulesError(problems)
    return changed


def overridable_keys() -> tuple[str, ...]:
    """The keys of a rule that a single start may replace."""
    return tuple(_DEFAULT_KEYS)


def _read_rule(
    table: object, defaults: Mapping[str, Any], place: str, problems: list[str]
) -> Rule | None:
    if not isinstance(table, dict):
        problems.append(f"{place}: must be a table")
        return None
    place = f"{place} ({table['name']!r})" if isinstance(table.get("name"), str) else place
    found = _check_keys(table, _RULE_KEYS, place)
    found += [f"{place}: {key}: is missing" for key in ("name", "room") if key not in table]
    found += _check_ranges(table.get("room"), place)
    if found:
        problems += found
        return None
    rule = msgspec.convert(_listed(_merge(defaults, table)), Rule)
    found = _check_rule(rule, place)
    problems += found
    return None if found else rule


def _check_keys(table: Mapping[str, Any], known: Mapping[str, Any], place: str) -> list[str]:
    """Unknown keys and values of the wrong type or range; service tables are checked when merged."""
    problems = []
    for key, value in table.items():
        if key not in known:
            problems.append(f"{place}: {key}: {suggest_name(key, known)}")
            continue
        if key == "speakers":
            problems += _check_speakers(value, place)
            continue
        try:
            msgspec.convert(_listed({key: value})[key], known[key])
        except msgspec.ValidationError as error:
            problems.append(f"{place}: {key}: {str(error).replace(' - at `$', ' at `').lower()}")
    return problems


def _check_speakers(speakers: object, place: str) -> list[str]:
    if not isinstance(speakers, list):
        return [f"{place}: speakers: write [[rules.speakers]] for each"]
    problems = []
    for number, speaker in enumerate(speakers, 1):
        here = f"{place}: speakers {number}"
        if not isinstance(speaker, dict):
            problems.append(f"{here}: must be a table")
            continue
        problems += _check_keys(speaker, _SPEAKER_KEYS, here)
        if "user" not in speaker:
            problems.append(f"{here}: user: is missing")
    return problems


def _check_rule(rule: Rule, place: str) -> list[str]:
    """What only the merged rule shows: complete parameters, and keys that go together."""
    problems = []
    if rule.speakers and rule.scope != "user":
        problems.append(f'{place}: speakers: needs scope = "user"')
    if rule.fallback != "none" and rule.fallback == rule.service:
        problems.append(f"{place}: fallback: is the rule's own service")
    problems += _check_services(rule, place)
    for number, speaker in enumerate(rule.speakers, 1):
        problems += _check_services(_adapt(rule, speaker), f"{place}: speakers {number}")
    return list(dict.fromkeys(problems))


def _check_services(rule: Rule, place: str) -> list[str]:
    wanted = {rule.service, rule.fallback} - {"none"}
    problems = []
    for service in SERVICES:
        if service in wanted:
            found = check_parameters(service, rule.parameters(service))
        else:
            found = [
                (key, suggest_name(key, key_names(service)))
                for key in rule.parameters(service)
                if key not in key_names(service)
            ]
        problems += [f"{place}: {service}.{key}: {problem}" for key, problem in found]
    return problems


def _check_ranges(room: object, place: str) -> list[str]:
    globs = room if isinstance(room, list) else [room]
    ranges = [NUMBERS.fullmatch(glob) for glob in globs if isinstance(glob, str)]
    return [
        f"{place}: room: range {found[0]!r} ends before it starts"
        for found in ranges
        if found and int(found[1]) > int(found[2])
    ]


def _match_room(glob: str, room_id: str, room_id_type: int) -> bool:
    numbers = NUMBERS.fullmatch(glob)
    if numbers and room_id_type == 0:
        return int(numbers[1]) <= int(room_id) <= int(numbers[2])
    return fnmatchcase(room_id, glob)


def _adapt(rule: Rule, speaker: Speaker) -> Rule:
    return msgspec.structs.replace(
        rule,
        service=speaker.service or rule.service,
        cloud=rule.cloud | speaker.cloud,
        ai=rule.ai | speaker.ai,
    )


def _merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> Table:
    """`over` on top of `base`; the two service tables key by key, everything else whole."""
    tables = {
        key: base.get(key, {}) | over.get(key, {}) for key in SERVICES if key in base or key in over
    }
    return {**base, **over, **tables}


def _listed(table: Mapping[str, Any]) -> Table:
    return {
        key: [value]
        if key in _LISTS and not isinstance(value, list)
        else [_listed(item) for item in value]
        if key == "speakers"
        else value
        for key, value in table.items()
    }
