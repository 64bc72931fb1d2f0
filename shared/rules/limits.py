"""Limits of a rules file, beyond which a cold start or every decision would become slow."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence

from shared.errors import RulesError
from shared.rules.decision import GLOBS_KEPT, MARKS, Rule, Table

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

MAX_CHARACTERS, MAX_KEY_PARTS, MAX_RULES = 500_000, 50, 2_000
MAX_GLOBS, MAX_PATTERNS = GLOBS_KEPT, 1_000  # to prepare a pattern takes 100 µs
_KEY_PART = r"""(?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*')"""
_DEEP_KEY = re.compile(
    rf"(?<![A-Za-z0-9_-]){_KEY_PART}(?:[ \t]*\.[ \t]*{_KEY_PART}){{{MAX_KEY_PARTS}}}"
)


def read_toml(text: str, file: str) -> Table:
    """The document; raises RulesError for what is no TOML, or what its parser would take long for."""
    if len(text) > MAX_CHARACTERS:
        raise RulesError([f"{file}: has more than {MAX_CHARACTERS} characters"])
    if _DEEP_KEY.search(text):
        raise RulesError([f"{file}: a key has more than {MAX_KEY_PARTS} dotted parts"])
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # ValueError: thousands of digits, too
        problem = str(error).partition(";")[0]
        raise RulesError([f"{file}: not TOML: {problem}"]) from error


def find_excess(rules: Sequence[Rule], place: str) -> list[str]:
    """What makes rules slow to decide: more globs than are kept ready, or more that take long to prepare."""
    globs = [glob for rule in rules for glob in (*rule.room, *rule.ignore_users)]
    globs += [glob for rule in rules for speaker in rule.speakers for glob in speaker.user]
    patterns = sum(any(mark in glob.rstrip("*") for mark in MARKS) for glob in globs)
    problems = []
    if len(globs) > MAX_GLOBS:
        problems.append(f"{place}: has {len(globs)} globs; at most {MAX_GLOBS} are possible")
    if patterns > MAX_PATTERNS:
        found = f"{patterns} globs with *, ? or [ before their end, unlike 'class-*'"
        problems.append(f"{place}: has {found}; at most {MAX_PATTERNS} are possible")
    return problems
