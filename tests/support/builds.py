"""Other builds of Roomscribe beside this one: their functions in processes of their own."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.support.redis_servers import PATIENCE

ROOT = Path(__file__).parents[2]
Edit = Callable[[Path], None]  # of a file of the copy
ADDED = "added_later"
FIELD = f'''
    {ADDED}: str = ""

    def __post_init__(self) -> None:
        __import__("msgspec").structs.force_setattr(self, "{ADDED}", "kept")
'''
DRIVER = """
import importlib, json, sys
for line in sys.stdin:
    name, event = json.loads(line)
    answer = importlib.import_module(name).main_handler(event, {"time_limit_in_ms": 60000})
    print("ANSWER " + json.dumps(answer), flush=True)
"""


def add_fields(path: Path) -> None:
    """Give every struct of the file that is stored one more field, which is never empty."""
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    classes = [one for one in ast.parse(text).body if isinstance(one, ast.ClassDef)]
    for node in reversed(classes):
        if {"Stored", "FrozenStored"} & {ast.unparse(one) for one in node.bases}:
            fields = [one for one in node.body if isinstance(one, ast.AnnAssign)]
            lines.insert(fields[-1].end_lineno or 0, FIELD)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def raise_generation(path: Path) -> None:
    """Let what is stored be of a generation that older code cannot read."""
    if path.name == "stored.py":
        text = path.read_text(encoding="utf-8")
        assert "GENERATION = 1 " in text
        path.write_text(text.replace("GENERATION = 1 ", "GENERATION = 2 "), encoding="utf-8")


def leave(_path: Path) -> None:
    """Let the copy be what it was made of."""


class Build:
    """The functions of one build, in a process that keeps what a warm instance keeps."""

    def __init__(self, folder: Path, environment: Mapping[str, str], edit: Edit = leave) -> None:
        for part in ("shared", "functions"):
            shutil.copytree(
                ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__")
            )
        for path in (folder / "shared").rglob("*.py"):
            edit(path)
        # PATIENCE needs the root, behind the copies.
        paths = ":".join(str(one) for one in (PATIENCE, folder, folder / "functions", ROOT))
        self._process = subprocess.Popen(
            [sys.executable, "-c", DRIVER],
            cwd=folder,
            env={**environment, "PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.printed: list[str] = []

    def run(self, function: str, event: Mapping[str, Any]) -> dict[str, Any]:
        """What a function answers; what it logs is added to `printed`."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps([function, event]) + "\n")
        self._process.stdin.flush()
        for line in self._process.stdout:
            if line.startswith("ANSWER "):
                answer: dict[str, Any] = json.loads(line.removeprefix("ANSWER "))
                return answer
            self.printed.append(line)
        raise AssertionError(f"the process has died: {self.printed[-3:]}")

    def close(self) -> None:
        """Let the process end."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()
