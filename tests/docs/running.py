"""Runs the blocks of a page as its reader would: in one folder, beside a local cloud of the page's own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from local.development import ENDPOINT
from local.invoke import invoke_function
from shared.rules.file import parse_rules
from tests.docs.pages import ROOT, Block
from tests.support.local_commands import PATIENCE_S

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
            succeeded, answer = invoke_function(self._url, block.name, json.loads(block.text))
            assert succeeded, (block.place, answer)
            assert isinstance(answer, dict)
            assert answer["outcome"] != "error", (block.place, answer)
        if block.language == "sh":
            self._printed = self._run_script(block)

    def _run_script(self, block: Block) -> str:
        """What a shell block prints; each of its commands has to succeed."""
        done = subprocess.run(
            ["bash", "-euxo", "pipefail", "-c", block.text.replace(ENDPOINT, self._url)],
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
