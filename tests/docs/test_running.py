"""Every command and JSON of the documentation that can be run is run, page by page."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.errors import RulesError
from tests.docs.pages import PAGES, ROOT, Block, list_blocks
from tests.docs.running import RUN_HERE, Desk, set_up_desk

RUN = [
    page
    for page in PAGES
    if any(block.language in RUN_HERE and not block.note for block in list_blocks(page))
]


@pytest.mark.slow
@pytest.mark.parametrize("page", RUN, ids=lambda page: str(page.relative_to(ROOT)))
def test_page_does_what_it_says(page: Path, tmp_path: Path) -> None:
    with set_up_desk(tmp_path) as desk:
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
