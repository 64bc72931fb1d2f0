"""`python -m local up` in a process of its own, for a browser."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO
from urllib.parse import quote

import httpx

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 20.0
UP = [sys.executable, "-m", "local", "up"]
QUIET = """
title = "nobody is there"
[[step]]
do = "create"
room_id = "opening"
user_id = "zoe"
[[step]]
do = "dismiss"
room_id = "opening"
"""


class LocalCloud:
    """`python -m local up` in a process of its own, with more options and `settings`."""

    def __init__(self, folder: Path, port: int = 0, *options: str, **settings: str) -> None:
        scenario = folder / "quiet.toml"
        scenario.write_text(QUIET)
        self._process = subprocess.Popen(
            [*UP, "--port", str(port), "--scenario", scenario, *options],
            cwd=ROOT,
            env={
                "PATH": os.environ["PATH"],
                "LEDGER_URL": f"sqlite:///{folder / 'ledger.db'}",
                **settings,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self._process.stdout
        self.url = _wait_until_ready(self._process.stdout)
        self._reader = threading.Thread(target=self._process.stdout.read)
        self._reader.start()
        self.http = httpx.Client(base_url=self.url, timeout=PATIENCE_S, trust_env=False)

    def close(self) -> None:
        self.http.close()
        self._process.terminate()
        self._process.wait()
        self._reader.join()
        assert self._process.stdout
        self._process.stdout.close()

    def post(self, path: str, **body: object) -> None:
        self.http.post(f"/_local/rooms{path}", json=body).raise_for_status()

    def create(self, room_id: str | int, user_id: str = "amy") -> None:
        self.post("", room_id=room_id, user_id=user_id)

    def say(self, room_id: str, user_id: str, text: str, **translations: str) -> None:
        path = f"/{quote(room_id, safe='')}/say"
        self.post(path, user_id=user_id, text=text, translations=translations)

    def dismiss_all(self) -> None:
        for room in self.http.get("/_local/rooms").json()["rooms"]:
            if room["open"]:
                room_id, room_type = quote(room["room_id"], safe=""), room["room_id_type"]
                self.post(f"/{room_id}/dismiss?type={room_type}")


def _wait_until_ready(output: IO[str]) -> str:
    lines = []
    for line in output:
        lines.append(line)
        if line.startswith("ready "):
            return line.removeprefix("ready ").strip()
    raise AssertionError("".join(lines))
