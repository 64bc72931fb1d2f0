"""The notes of a release: what CHANGELOG.md says of its version."""

from __future__ import annotations

import re

from local.errors import LocalError

FILE = "CHANGELOG.md"
UNRELEASED = "Unreleased"
HEADING = re.compile(r"^## +(\S+)(.*)$", re.MULTILINE)


def write_notes(changelog: str, version: str, *, draft: bool = False) -> str:
    """The section of a version, `## VERSION …`, as a document of its own.

    For a draft it is that of what is unreleased, if there is any. Raises LocalError where the version has
    no section or an empty one, and unless it is a draft also where entries are unreleased.
    """
    unreleased = cut_section(changelog, UNRELEASED)
    if unreleased and draft:
        return f"# Roomscribe {version}, a draft\n\n{unreleased}\n"
    if unreleased:
        raise LocalError(f"{FILE}: {UNRELEASED} has entries; put them below `## {version} · DATE`")
    section = cut_section(changelog, version)
    if not section:
        wrong = "is empty" if section == "" else "is missing"
        raise LocalError(f"{FILE}: the section `## {version} · DATE` {wrong}")
    return f"# Roomscribe {version}\n\n{section}\n"


def cut_section(changelog: str, name: str) -> str | None:
    """What stands below a heading `## NAME …`, "" where that is headings alone; None without the heading."""
    headings = [*HEADING.finditer(changelog)]
    ends = [*(heading.start() for heading in headings[1:]), len(changelog)]
    for heading, end in zip(headings, ends, strict=True):
        if heading[1] == name:
            text = changelog[heading.end() : end].strip()
            return text if re.search(r"^[^#\s]", text, re.MULTILINE) else ""
    return None
