"""A program in tccli's place that writes down what it is asked."""

from __future__ import annotations

import json
import os
import sys
import zipfile
from pathlib import Path
from typing import Any

from deploy.calls import Scf
from deploy.command import NEEDED

STAND_IN = """#!{python}
import json, os, sys
path = sys.argv[-1].removeprefix("file://")
asked = {{"argv": sys.argv[1:], "parameters": json.load(open(path))}}
asked["mode"] = os.stat(os.path.dirname(path)).st_mode
asked["environ"] = {{name: value for name, value in os.environ.items() if "TENCENT" in name}}
with open({record!r}, "a") as record:
    print(json.dumps(asked), file=record)
answers = json.load(open({answers!r}))
calls = sum(1 for _ in open({record!r}))
code, out, err = answers[min(calls, len(answers)) - 1]
sys.stdout.write(out)
sys.stderr.write(err)
sys.exit(code)
"""
DONE = (0, '{"Status": "Active"}', "")
KEYS = {
    "TENCENT_SECRET_ID": "the-id",
    "TENCENT_SECRET_KEY": "the-api-key",
    "TENCENT_TOKEN": "the-token",
}


class Tccli:
    """A program in the place of tccli that writes down what it is asked, and answers as it is told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._record, self._answers = folder / "record", folder / "answers"
        program = folder / "tccli"
        names = {"record": str(self._record), "answers": str(self._answers)}
        program.write_text(STAND_IN.format(python=sys.executable, **names))
        program.chmod(0o755)
        self.answer(DONE)

    def answer(self, *answers: tuple[int, str, str]) -> None:
        """What it does at each call; the last again and again."""
        self._answers.write_text(json.dumps(answers))

    def read(self) -> list[dict[str, Any]]:
        """What it was asked."""
        lines = self._record.read_text().splitlines() if self._record.exists() else []
        return [json.loads(line) for line in lines]

    def call(self, **environ: str) -> dict[str, Any]:
        """GetFunction."""
        given = {"PATH": f"{self.folder}:{os.environ['PATH']}", **KEYS, **environ}
        scf = Scf(given, "ap-singapore", "scf.example.com", 0)
        return scf.call("GetFunction", "roomscribe-prod-drain_starts", Secret="the-callback-key")


def write_package(path: Path, *names: str) -> Path:
    """A zip of empty files: those that no package is without, or others."""
    with zipfile.ZipFile(path, "w") as archive:
        for name in names or sorted(NEEDED):
            archive.writestr(name, "")
    return path
