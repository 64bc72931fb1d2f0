"""The documentation: every block is run or says why not, commands and links exist, no page is orphaned."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from local.cli import app
from shared.errors import RulesError
from tests.docs.pages import (
    PAGES,
    ROOT,
    Block,
    find_target,
    list_anchors,
    list_blocks,
    list_lines,
    list_links,
    parse,
)
from tests.docs.running import RUN_HERE, Desk
from tests.support.local_commands import serve_local
from tests.support.named_tests import find_missing

BLOCKS = [block for page in PAGES for block in list_blocks(page)]
TARGETS = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
INDEX = ROOT / "docs" / "README.md"
EVERY_PAGE = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


RUN = [
    page
    for page in PAGES
    if any(block.language in RUN_HERE and not block.note for block in list_blocks(page))
]
QUIET = "[[step]]\ndo = 'create'\nroom_id = 'private-1'\nroom_id_type = 1\nuser_id = 'amy'\n"


def find_fault(block: Block) -> str | None:
    """What keeps a block from being trusted; None when it is run, or says why it is not."""
    if block.note == "not run":
        return None if len(block.reason.split()) >= 3 else "the reason is too short"
    if block.note == "run by":
        return "; ".join(find_missing(block.reason)) or None
    if block.language == "text":
        has_command = re.search(r"^\s*(\$ |\./roomscribe |curl |make )", block.text, re.MULTILINE)
        return "commands stand in a block of text" if has_command else None
    return None if block.language in RUN_HERE else "nothing runs it, and no comment says why"


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.place)
def test_block_is_run_or_says_why_it_is_not(block: Block) -> None:
    assert find_fault(block) is None, block.place


@pytest.mark.parametrize(
    ("block", "fault"),
    [
        (("ruby", "", "puts 1", "", ""), "nothing runs it, and no comment says why"),
        (("indented", "", "{}", "", ""), "nothing runs it, and no comment says why"),
        (("sh", "", "scf deploy", "not run", "no"), "the reason is too short"),
        (("sh", "", "scf deploy", "not run", "needs a Tencent account"), None),
        (("text", "", "./roomscribe up", "", ""), "commands stand in a block of text"),
        (("js", "", "1", "run by", "tests/no.py::test_no"), "tests/no.py::test_no"),
    ],
)
def test_fault_of_a_block_is_found(block: tuple[str, ...], fault: str | None) -> None:
    assert find_fault(Block(INDEX, 1, *block)) == fault


def find_wrong(line: str) -> list[str]:
    """What is wrong with the commands of the launcher and of make in a line."""
    made = re.findall(r"(?:^|&& )make (\w+)", line)
    wrong = [f"make has no {target}" for target in made if target not in TARGETS]
    for told in re.findall(r"\./roomscribe (?!COMMAND)([^;|&<>()`]+)", line):
        # --help comes before what is missing, and after an option that does not exist.
        result = CliRunner().invoke(app, [*shlex.split(told, comments=True), "--help"])
        wrong += [f"./roomscribe {told}: {result.output}"] if result.exit_code else []
    return wrong


@EVERY_PAGE
def test_commands_exist_with_their_options(page: Path) -> None:
    assert [wrong for line in list_lines(page) for wrong in find_wrong(line)] == []


@pytest.mark.parametrize(
    "command",
    [
        "./roomscribe dance",
        "./roomscribe why --no ROOM",
        "make tea",
        "make run && ./roomscribe no",
        "$(./roomscribe link --no)",
    ],
)
def test_wrong_command_is_found(command: str) -> None:
    assert find_wrong(command)


@EVERY_PAGE
def test_links_lead_to_a_file_and_a_heading(page: Path) -> None:
    for link in list_links(page):
        found = find_target(page, link)
        if found:
            path, anchor = found
            assert path.exists(), link
            assert not anchor or anchor in list_anchors(path), link


def test_index_leads_to_every_page() -> None:
    linked = {found[0] for link in list_links(INDEX) if (found := find_target(INDEX, link))}
    assert {page for page in (ROOT / "docs").rglob("*.md") if page != INDEX} <= linked


@EVERY_PAGE
def test_page_begins_with_what_it_answers(page: Path) -> None:
    kinds = [token.type for token in parse(page) if token.type.endswith("_open")]
    assert kinds[:2] in (["heading_open", "paragraph_open"], ["heading_open", "blockquote_open"])


@pytest.mark.slow
@pytest.mark.parametrize("page", RUN, ids=lambda page: str(page.relative_to(ROOT)))
def test_blocks_do_what_the_page_says(page: Path, tmp_path: Path) -> None:
    (tmp_path / "quiet.toml").write_text(QUIET)
    with serve_local("up", "--port", "0", "--scenario", str(tmp_path / "quiet.toml")) as up:
        desk = Desk(tmp_path, up.url)
        for block in list_blocks(page):
            desk.run(block)


@pytest.mark.parametrize(
    ("language", "name", "text"),
    [
        ("sh", "", "true\nfalse\n"),
        ("sh", "", "./roomscribe explain --rules missing.toml --room class-7\n"),
        ("toml", "", '[[rules]]\nname = "one"\nroom = "*"\ncolour = "red"\n'),
        ("json", "", "{}\n"),
        ("text", "output", "never printed\n"),
    ],
)
def test_block_that_does_not_work_is_found(
    tmp_path: Path, language: str, name: str, text: str
) -> None:
    desk = Desk(tmp_path, "http://127.0.0.1:9")
    with pytest.raises((AssertionError, RulesError)):
        desk.run(Block(ROOT / "README.md", 1, language, name, text, "", ""))
