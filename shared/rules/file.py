"""rules.toml read and checked: every mistake is named by file, rule and key, and all of them at once.

Among them globs that match nothing: one that never matches may leave a private room open.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Mapping
from typing import Any
from unicodedata import normalize

import msgspec
from msgspec.structs import replace

from shared.errors import RulesError
from shared.room import MAX_ROOM_NUMBER, NUMERIC_ROOM, STRING_ROOM, names_numeric_room
from shared.rules.decision import MARKS, Rule, Rules, Speaker, Table, find_matcher, find_range
from shared.rules.limits import MAX_RULES, find_excess, read_toml
from shared.services.checks import check_parameters, suggest_name
from shared.services.service import SERVICES
from shared.site import Site

_RULE_KEYS, _SPEAKER_KEYS = (
    {item.name: item.type for item in msgspec.structs.fields(kind) if item.name != "unknown"}
    for kind in (Rule, Speaker)
)
_DEFAULT_KEYS = {
    key: kind
    for key, kind in _RULE_KEYS.items()
    if key not in ("name", "room", "sdk_app_id", "room_id_type", "speakers")
}
OVERRIDABLE = tuple(_DEFAULT_KEYS)  # by the event of a single start
_LISTS = ("room", "user", "sdk_app_id", "ignore_users")  # one value may stand alone

# Source: reference of the client SDKs, TRTCParams.strRoomId: these 89 characters, at most 64 of them.
ROOM_CHARACTERS = string.ascii_letters + string.digits + " !#$%&()+-:;<=.>?@[]^_{}|~,"
# Documented are letters, digits, _ and -; but Tencent's own bots have a room's id in theirs.
USER_CHARACTERS = string.ascii_letters + string.digits + string.punctuation + " "

ELEMENT = re.compile(r"\[(?:!?\]|![^\]]|[^\]!])[^\]]*\]|.", re.DOTALL)  # as fnmatch reads a glob
NUMBER = "([0-9]{1,3}(?:[, ][0-9]{3})+|[0-9]+)?"
TO = r" *(?:[-~:>\u2010-\u2015\u2192\u2212\u223c\u301c\uff5e]+|\.\.+|(?<=[0-9 ])to(?=[0-9 ])) *"
RANGE = re.compile(rf"(?!\[[0-9]-[0-9]\]$)[ ({{\[]*{NUMBER}{TO}{NUMBER}[ )}}\]]*", re.IGNORECASE)
UNCLEAR = re.compile(  # >=5, 5+, " 5", "5, 6", room[10-20]
    r"[<>]=? *[0-9]+|[0-9]+ *\+|[0-9]+ +| +[0-9]+ *|[0-9-]+( *[,; ] *[0-9-]+)+"
    r"|.*\[!?([0-9]{2,}-[0-9]+|[0-9]-[0-9]{2,})\].*"
)


def parse_rules(text: str, file: str = "rules.toml", site: Site = "unknown") -> Rules:
    """The rules in a TOML text, for that site's API; raises one RulesError that lists every mistake."""
    document = read_toml(text, file)
    problems = _check_keys(document, {"defaults": Any, "rules": Any}, file)
    defaults, tables = document.get("defaults", {}), document.get("rules", [])
    if not isinstance(defaults, dict) or not isinstance(tables, list):
        raise RulesError([*problems, f"{file}: write [defaults] once and [[rules]] for each rule"])
    if len(tables) > MAX_RULES:
        raise RulesError([f"{file}: has {len(tables)} rules; at most {MAX_RULES} are possible"])
    usable: Table = {}
    for key, value in defaults.items():
        found = _check_keys({key: value}, _DEFAULT_KEYS, f"{file}: [defaults]")
        problems += found
        usable |= {} if found else {key: value}
    inherited = [
        f"{service}.{key}: {problem}"
        for service in SERVICES
        for key, problem in check_parameters(service, usable.get(service, {}), site, needed=False)
    ]
    if not tables:
        problems.append(
            f'{file}: has no rule; end with a catch-all: [[rules]] name = "everything else", room = "*"'
        )
    rules: list[Rule] = []
    for number, table in enumerate(tables, 1):
        place = f"{file}: rule {number}"
        try:
            rule = _read_rule(table, usable, place, site)
        except RulesError as error:
            problems += error.problems
            continue
        if is_hidden(rule, rules):
            hidden = f"{place} ({rule.name!r}): room: rules before it match all of it; move it up"
            problems.append(hidden)
        rules.append(rule)
    problems += find_excess(rules, file)
    own = [problem for problem in problems if not problem.endswith(tuple(inherited))]
    if problems or inherited:
        raise RulesError([*(f"{file}: [defaults]: {problem}" for problem in inherited), *own])
    return Rules(rules)


def override_rule(rule: Rule, changes: Mapping[str, Any], site: Site) -> Rule:
    """The rule with some keys replaced, as start_transcription's event asks; raises RulesError."""
    if problems := _check_keys(changes, _DEFAULT_KEYS, "event"):
        raise RulesError(problems)
    # Of what a newer version has added to a session's rule, no event and no file knows.
    speakers = [replace(speaker, unknown="") for speaker in rule.speakers]
    merged = _merge(msgspec.to_builtins(replace(rule, speakers=speakers, unknown="")), changes)
    if merged.get("fallback") == merged.get("service") and "fallback" not in changes:
        merged["fallback"] = "none"
    read = _read_rule(merged, {}, "event", site)
    if problems := find_excess([read], "event"):
        raise RulesError(problems)
    return replace(read, speakers=rule.speakers, unknown=rule.unknown)


def _read_rule(table: object, defaults: Mapping[str, Any], place: str, site: Site) -> Rule:
    if not isinstance(table, dict):
        raise RulesError([f"{place}: must be a table"])
    place = f"{place} ({table['name']!r})" if isinstance(table.get("name"), str) else place
    problems = _check_keys(table, _RULE_KEYS, place)
    problems += [f"{place}: {key}: is missing" for key in ("name", "room") if key not in table]
    if problems:
        raise RulesError(problems)
    rule = msgspec.convert(_listed(_merge(defaults, table)), Rule)
    if problems := _check_rule(rule, place, site):
        raise RulesError(problems)
    return rule


def _check_keys(table: Mapping[str, Any], known: Mapping[str, Any], place: str) -> list[str]:
    """Unknown keys and values of the wrong type or range; service tables are checked when merged."""
    problems = []
    for key, value in table.items():
        if key not in known:
            problems.append(f"{place}: {key}: unknown key; {suggest_name(key, known)}")
            continue
        if key == "speakers":
            problems += _check_speakers(value, place)
            continue
        try:
            listed = msgspec.convert(_listed({key: value})[key], known[key])
        except msgspec.ValidationError as error:
            problems.append(f"{place}: {key}: {str(error).replace(' - at `$', ' at `').lower()}")
            continue
        globs = listed if key in ("user", "ignore_users") else ()
        wrong = [check_characters(glob, USER_CHARACTERS) for glob in globs]
        problems += [f"{place}: {key}: {problem}" for problem in wrong if problem]
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


def _check_rule(rule: Rule, place: str, site: Site) -> list[str]:
    """What only the merged rule shows: complete parameters, and keys that go together."""
    rooms = [check_room(glob, rule.room_id_type) for glob in rule.room]
    problems = [f"{place}: room: {problem}" for problem in rooms if problem]
    if rule.speakers and rule.scope != "user":
        problems.append(f'{place}: speakers: needs scope = "user"')
    if rule.fallback != "none" and rule.fallback == rule.service:
        problems.append(f"{place}: fallback: is the rule's own service")
    problems += _check_services(rule, [], place, site)
    earlier: list[str] = []
    for number, speaker in enumerate(rule.speakers, 1):
        adapted, here = rule.adapt_to(speaker), f"{place}: speakers {number}"
        problems += _check_services(adapted, speaker.user, here, site)
        if all(any(covers(wide, glob) for wide in earlier) for glob in speaker.user):
            problems.append(f"{here}: user: is all matched by entries before it; move it up")
        earlier += speaker.user
    return list(dict.fromkeys(problems))


def _check_services(rule: Rule, users: list[str], place: str, site: Site) -> list[str]:
    """Check both services' parameters; with a task per speaker, TargetUserIdList is an error."""
    problems = []
    for service, list_key in (("cloud", "subscribe"), ("ai", "target_user_ids")):
        parameters = rule.parameters(service)
        if rule.scope == "user" and list_key in parameters:
            problems.append(f'{place}: {service}.{list_key}: goes with scope = "room" only')
        elif rule.scope == "user" and service == "cloud" and "tts" in parameters:
            parameters = parameters | {"subscribe": users}
        needed = service in (rule.service, rule.fallback)
        found = check_parameters(service, parameters, site, needed=needed)
        problems += [f"{place}: {service}.{key}: {problem}" for key, problem in found]
    return problems


def _merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> Table:
    """`over` on top of `base`; the two service tables key by key, everything else whole."""
    tables = {
        key: base.get(key, {}) | over.get(key, {}) for key in SERVICES if key in base or key in over
    }
    return {**base, **over, **tables}


def _listed(table: Mapping[str, Any]) -> Table:
    """The table with each single value put into a list where a list is allowed, also for speakers."""
    alone = [key for key in _LISTS if key in table and not isinstance(table[key], list)]
    listed = {**table, **{key: [table[key]] for key in alone}}
    if "speakers" in table:
        listed["speakers"] = [_listed(speaker) for speaker in table["speakers"]]
    return listed


def check_room(glob: str, room_id_type: int | None) -> str | None:
    """Why a glob of `room` matches no room of that type (None: of either), or others than it seems to."""
    meant = None if room_id_type == STRING_ROOM else _read_range(glob)
    if meant is not None and meant != glob:
        hint = f"; did you mean {meant!r}?" if meant else ""
        return (
            f"{glob!r} is no range of numeric rooms, like '10000-19999' and up to {MAX_ROOM_NUMBER}{hint} "
            "(with room_id_type = 1 it is the name of a string room)"
        )
    if room_id_type != NUMERIC_ROOM:
        return check_characters(glob, ROOM_CHARACTERS, 64)
    if glob[0] == "0" or (glob.isdecimal() and not names_numeric_room(glob)):
        return f"{glob!r} is no numeric room: they are 1 to {MAX_ROOM_NUMBER}"
    return None if meant else check_characters(glob, string.digits, 10)


def check_characters(glob: str, characters: str, most: int = 128) -> str | None:
    """Why a glob matches no text of at most so many of these characters."""
    elements = [element for element in ELEMENT.findall(glob) if element != "*"]
    for element in elements:
        if element not in characters and not any(map(find_matcher(element), characters)):
            return f"{glob!r} can match nothing: no id of that kind has {element!r} in it"
    return f"{glob!r} is longer than ids of that kind, {most}" if len(elements) > most else None


def is_hidden(rule: Rule, before: Iterable[Rule]) -> bool:
    """Whether a rule is never reached, as the rules before it plainly match all that it matches."""
    applications = set(rule.sdk_app_id or (0,))
    earlier = [
        glob
        for other in before
        if other.room_id_type in (None, rule.room_id_type)
        and (not other.sdk_app_id or applications <= set(other.sdk_app_id))
        for glob in other.room
    ]
    ranges = rule.room_id_type != STRING_ROOM
    return all(any(covers(wide, glob, ranges=ranges) for wide in earlier) for glob in rule.room)


def covers(wide: str, narrow: str, *, ranges: bool = False) -> bool:
    """Whether one glob plainly matches all that another matches; `ranges`: they may be some."""
    inner = find_range(narrow) if ranges else None
    if inner:
        outer = find_range(wide)
        return wide == "*" or bool(outer and inner[0] in outer and inner[-1] in outer)
    beginning = wide.rstrip("*")
    if wide in (narrow, beginning) or not narrow.startswith(beginning):
        return wide == narrow
    return not any(mark in beginning for mark in MARKS)


def _read_range(glob: str) -> str | None:
    """The range that a glob looks like; "" when it is not clear which, None when it looks like none."""
    found = RANGE.fullmatch(normalize("NFKC", glob))
    if found is None or not (found[1] or found[2]):
        return "" if UNCLEAR.fullmatch(glob) else None
    ends = [found[1] or "1", found[2] or str(MAX_ROOM_NUMBER)]
    low, high = sorted(int(re.sub("[, ]", "", end)[:99]) for end in ends)
    return f"{max(low, 1)}-{min(high, MAX_ROOM_NUMBER)}" if low <= MAX_ROOM_NUMBER else ""
