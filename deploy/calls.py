"""SCF's API, called through tccli: parameters and keys never stand in a command, nor in what is printed."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.advice import AGAIN, advise
from deploy.functions import Json
from deploy.settings import list_secrets

ATTEMPTS, LONGEST_PAUSE_S = 8, 30
TIMEOUT_S = 300  # the package goes up with a call
ERROR = re.compile(r"code:(?P<code>\S+) message:(?P<message>.*) requestId:(?P<id>\S+)", re.DOTALL)
SHOWN_CHARACTERS = 500


class DeployError(Exception):
    """The deployment cannot go on; the text is what is shown."""


@dataclass
class CallError(Exception):
    """The API, or tccli, refused a call."""

    action: str
    function: str
    code: str
    message: str
    request_id: str

    def __str__(self) -> str:
        about = f"{self.action} of {self.function}: {self.code} (RequestId {self.request_id})"
        return f"{about}: {self.message} {advise(self.code)} {AGAIN}"


class Scf:
    """SCF's API in one region; calls that are throttled are repeated, all else is an error."""

    def __init__(
        self, environ: Mapping[str, str], region: str, endpoint: str, interval_s: float
    ) -> None:
        """`interval_s` is the first pause before a repetition, and that between two looks."""
        self._environ = hand_over_keys(environ)
        self._options = ["--region", region, "--endpoint", endpoint, "--output", "json"]
        self._options += ["--timeout", str(TIMEOUT_S)]
        self._secrets = list_secrets(environ)
        self._interval_s = interval_s

    def call(self, action: str, function: str, **parameters: object) -> Json:
        """The answer's Response; raises CallError."""
        for attempt in range(ATTEMPTS):
            try:
                return self._call_once(action, function, parameters)
            except CallError as error:
                if not error.code.startswith("RequestLimitExceeded") or attempt + 1 == ATTEMPTS:
                    raise
            time.sleep(min(self._interval_s * 2**attempt, LONGEST_PAUSE_S))
        raise AssertionError("the last attempt returns or raises")

    def pause(self) -> None:
        """Wait before looking again."""
        time.sleep(self._interval_s)

    def _call_once(self, action: str, function: str, parameters: Mapping[str, object]) -> Json:
        with tempfile.TemporaryDirectory(prefix="roomscribe-") as folder:  # nobody else may read it
            path = Path(folder, "parameters.json")
            path.write_text(json.dumps({"FunctionName": function, **parameters}))
            command = ["tccli", "scf", action, *self._options, "--cli-input-json", f"file://{path}"]
            done = subprocess.run(
                command,
                env=self._environ,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
            )
        if done.returncode != 0:
            raise self._read_error(action, function, done.stderr)
        return self._read_answer(action, function, done.stdout)

    def _read_answer(self, action: str, function: str, output: str) -> Json:
        try:
            answer = json.loads(output)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise CallError(action, function, "tccli", "It did not print JSON.", "none")
        return answer

    def _read_error(self, action: str, function: str, output: str) -> CallError:
        found = ERROR.search(output)
        if found:
            message = self._conceal(found["message"])
            return CallError(action, function, found["code"], message, found["id"])
        said = output.strip().splitlines()
        message = self._conceal(said[-1]) if said else "It did not say why."
        code = "AuthFailure" if "is invalid" in message else "tccli"  # no keys were found
        return CallError(action, function, code, message, "none")

    def _conceal(self, text: str) -> str:
        """A message without the secrets that it may quote."""
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text[:SHOWN_CHARACTERS]


def hand_over_keys(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment for tccli: it knows the keys under other names than `scf` and the functions do."""
    names = ("SECRET_ID", "SECRET_KEY", "TOKEN")
    handed = dict(environ)
    if environ.get("TENCENT_SECRET_ID"):
        for name in names:
            handed.pop(f"TENCENTCLOUD_{name}", None)
        keys = {f"TENCENTCLOUD_{name}": environ.get(f"TENCENT_{name}") for name in names}
        handed |= {name: value for name, value in keys.items() if value}
    return handed
