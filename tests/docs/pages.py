"""The documentation as a reader of CommonMark sees it: its blocks of code, links, headings and commands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    {
        *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "llms.txt")),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "examples").rglob("README.md"),
    }
)
NOTE = re.compile(r"<!--\s*(run by|not run)(?:\s|:)\s*(.+?)\s*-->", re.DOTALL)
PARSER = MarkdownIt("commonmark").enable("table")


class Block(NamedTuple):
    """A block of code; `name` is the second word after its fence, `note` and `reason` a comment before it.

    An indented block has the language "indented".
    """

    page: Path
    line: int
    language: str
    name: str
    text: str
    note: str
    reason: str

    @property
    def place(self) -> str:
        """File and line, as an editor opens them."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"


@cache
def parse(page: Path) -> tuple[Token, ...]:
    """The tokens of a page, those within paragraphs among them."""
    tokens = PARSER.parse(page.read_text(encoding="utf-8"))
    return tuple(one for token in tokens for one in (token, *(token.children or ())))


def list_blocks(page: Path) -> Iterator[Block]:
    """Every block of code of a page, in order."""
    tokens = parse(page)
    for before, token in zip((None, *tokens), tokens, strict=False):
        if token.type not in ("fence", "code_block"):
            continue
        noted = (
            NOTE.fullmatch(before.content.strip())
            if before and before.type == "html_block"
            else None
        )
        language, _, name = (token.info or "indented" * (token.type == "code_block")).partition(" ")
        note, reason = noted.groups() if noted else ("", "")
        line = (token.map or [0])[0] + 1
        yield Block(page, line, language, name.strip(), token.content, note, reason)


def list_lines(page: Path) -> Iterator[str]:
    """The lines of a page in which a command may stand: of shell blocks, run or not, and code within text."""
    for token in parse(page):
        if token.type == "code_inline" or (token.type == "fence" and token.info == "sh"):
            yield from token.content.replace("\\\n", " ").splitlines()


def list_links(page: Path) -> Iterator[str]:
    """The targets of all links and pictures."""
    for token in parse(page):
        target = token.attrGet("href") or token.attrGet("src")
        if target:
            yield unquote(str(target))


@cache
def list_anchors(page: Path) -> frozenset[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    tokens = parse(page)
    headings = [after for token, after in pairwise(tokens) if token.type == "heading_open"]
    return frozenset(
        re.sub(r"[^\w\- ]", "", heading.content.lower()).replace(" ", "-") for heading in headings
    )


def find_target(page: Path, link: str) -> tuple[Path, str] | None:
    """The file and the anchor to which a link within the repository leads; None for a link elsewhere."""
    if re.match(r"\w+:", link):
        return None
    path, _, anchor = link.partition("#")
    return ((page.parent / path).resolve() if path else page), anchor
