"""Runs the blocks of a page as its reader would: in one folder, beside a local cloud of the page's own."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from local.development import ENDPOINT
from shared.rules.file import parse_rules
from tests.docs.pages import ROOT, Block
from tests.support.local_commands import PATIENCE_S, serve_local

QUIET = "[[step]]\ndo = 'create'\nroom_id = 'private-1'\nroom_id_type = 1\nuser_id = 'amy'\n"
# Of every site: what a rule that is shown alone inherits from the shipped file.
DEFAULTS = '[defaults]\ncloud = { region = "ap-singapore" }\nai = { region = "ap-tokyo" }\n'
RUN_HERE = ("sh", "json", "toml")


class Desk:
    """A reader's folder with the project in it; `url` is that of the local cloud."""

    def __init__(self, folder: Path, url: str) -> None:
        self._folder = folder
        self._url = url
        self._printed = ""
        for path in ROOT.iterdir():
            if not path.name.startswith(".") and path.name != "roomscribe":
                (folder / path.name).symlink_to(path)
        launcher = folder / "roomscribe"
        launcher.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{ROOT / "local"}" "$@"\n')
        launcher.chmod(0o755)
        (folder / ".curlrc").write_text("fail-with-body\nsilent\nmax-time = 60\n")

    def run(self, block: Block) -> None:
        """Run one block; AssertionError with its place when it does not do what the page says."""
        if block.language == "text" and block.name == "output":
            self._compare(block)
        if block.note or block.language not in RUN_HERE:
            return
        if block.language == "toml":
            text = block.text if "[defaults" in block.text else DEFAULTS + block.text
            parse_rules(text, block.place, "international")
        if "." in block.name:
            (self._folder / block.name).write_text(block.text, encoding="utf-8")
        elif block.language == "json":
            assert block.name, f"{block.place}: name its function, or its file, after ```json"
            answer = json.loads(self._call(f"./roomscribe invoke {block.name} -", block))
            assert answer["outcome"] != "error", (block.place, answer)
        if block.language == "sh":
            self._printed = self._call(block.text, block)

    def _call(self, script: str, block: Block) -> str:
        """What a script prints, of which every command succeeds; a JSON block is its standard input."""
        done = subprocess.run(
            ["bash", "-euxo", "pipefail", "-c", script.replace(ENDPOINT, self._url)],
            cwd=self._folder,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self._folder),
                "MAKEFLAGS": "n",  # what make would do is only printed: it installs packages
                "LEDGER_URL": os.environ["LEDGER_URL"],
                "ROOMSCRIBE_ENV_FILE": os.devnull,
                "ROOMSCRIBE_URL": self._url,
                "ROOMSCRIBE_LINK_URL": f"{self._url}/functions/read_transcript",
            },
            input=block.text if block.language == "json" else "",
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert done.returncode == 0, (block.place, done.stdout, done.stderr)
        return done.stdout

    def _compare(self, block: Block) -> None:
        """Every line of an output that a page shows was printed by the block before it; … is anything."""
        printed = self._printed.replace(self._url, ENDPOINT)
        for line in filter(None, map(str.strip, block.text.splitlines())):
            pattern = ".*".join(map(re.escape, line.split("…")))
            assert re.search(pattern, printed), (block.place, line, printed)


@contextlib.contextmanager
def set_up_desk(folder: Path) -> Iterator[Desk]:
    """A desk beside a local cloud in which nobody speaks yet."""
    (folder / "quiet.toml").write_text(QUIET)
    with serve_local("up", "--port", "0", "--scenario", str(folder / "quiet.toml")) as up:
        yield Desk(folder, up.url)
