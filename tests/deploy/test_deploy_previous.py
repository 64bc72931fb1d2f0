"""`deploy --previous` with the real tccli against the local cloud: the package before, from any machine."""

from __future__ import annotations

import base64
import hashlib
import os
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from deploy.calls import DeployError, Scf
from deploy.command import leave
from deploy.functions import FUNCTIONS, RUNTIME, describe_configuration, describe_trigger
from deploy.states import States
from deploy.triggers import Triggers
from deploy.versions import Versions, download
from shared import VERSION
from tests.deploy.deployed import URL, list_task_rooms, post_room_created
from tests.support.tccli_deployment import SETTINGS, TCCLI, Tencent

pytestmark = [pytest.mark.timeout(600), pytest.mark.slow]
NAMES = {function.key: f"roomscribe-prod-{function.key}" for function in FUNCTIONS}
CALLBACK, DELIVER = NAMES["trtc_callback"], NAMES["deliver"]
NOTHING = f"error: there is nothing to go back to: SCF has no version of {CALLBACK}."
BROKEN = "def main_handler(event, context):\n    return {'statusCode': 500, 'body': 'broken'}\n"
BY_KEY = {function.key: function for function in FUNCTIONS}
DELIVERER, RECEIVER = BY_KEY["deliver"], BY_KEY["trtc_callback"]


def write_package(path: Path, texts: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in texts.items():
            archive.writestr(zipfile.ZipInfo(name), text)  # the same bytes each time
    return path


def change_package(package: Path, path: Path, *, without: str = "", **texts: str) -> Path:
    """A package with other modules in its root, and without one; nothing compiled of any of them."""
    changed = {without, *texts}
    small = zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(package) as opened, zipfile.ZipFile(path, "w", small) as archive:
        for name in opened.namelist():
            if Path(name).name.partition(".")[0] not in changed or name.startswith("shared/"):
                archive.writestr(name, opened.read(name))
        for module, text in texts.items():
            archive.writestr(f"{module}.py", text)
    return path


def hash_file(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def list_codes(tencent: Tencent) -> dict[str, str]:
    """Which package each function has."""
    told = {name: tencent.call("GetFunctionAddress", FunctionName=name) for name in NAMES.values()}
    return {name: one["CodeSha256"] for name, one in told.items() if "Error" not in one}


def list_versions(tencent: Tencent) -> list[str]:
    listed = tencent.call("ListVersionByFunction", FunctionName=CALLBACK)
    return [one for one in listed["FunctionVersion"] if one != "$LATEST"]


def release(tencent: Tencent, action: str, package: Path, keys: Iterable[str]) -> None:
    """Make functions, or update their code, as `deploy` does it, and wait until they are at rest."""
    archive = base64.b64encode(package.read_bytes()).decode()
    environ = {**SETTINGS, **tencent.place, "STAGE": "prod", "ROLE": "roomscribe"}
    for function in FUNCTIONS:
        if function.key in keys:
            asked = {"Code": {"ZipFile": archive}, "Handler": function.handler}
            if action == "CreateFunction":
                asked |= {"Runtime": RUNTIME, **describe_configuration(function, environ)}
            call(tencent, action, NAMES[function.key], **asked)
    for key in keys:
        await_rest(tencent, NAMES[key])


def call(tencent: Tencent, action: str, name: str, **parameters: object) -> dict[str, Any]:
    answer = tencent.call(action, FunctionName=name, **parameters)
    assert "Error" not in answer
    return answer


def await_rest(tencent: Tencent, name: str) -> None:
    while call(tencent, "GetFunction", name)["Status"] != "Active":
        pass


def test_every_function_has_the_package_before_again(tencent: Tencent, tmp_path: Path) -> None:
    done = tencent.deploy("--previous")
    assert (done.returncode, done.stderr.startswith(NOTHING)) == (1, True)

    old = change_package(tencent.package, tmp_path / "old.zip", without="deliver")
    new = change_package(tencent.package, tmp_path / "new.zip", trtc_callback=BROKEN)
    release(tencent, "CreateFunction", old, NAMES.keys() - {"deliver"})
    call(tencent, "CreateTrigger", CALLBACK, **describe_trigger(RECEIVER))
    call(tencent, "PublishVersion", CALLBACK)
    await_rest(tencent, CALLBACK)
    release(tencent, "UpdateFunctionCode", new, NAMES.keys() - {"deliver"})
    release(tencent, "CreateFunction", new, ["deliver"])
    call(tencent, "CreateTrigger", DELIVER, **describe_trigger(DELIVERER))
    assert list_codes(tencent) == dict.fromkeys(NAMES.values(), hash_file(new))

    given_up = {"where": "api", "what": "error", "code": "InternalError.System", "skip": 2}
    tencent.plan(**given_up, actions=["UpdateFunctionCode"])
    stopped = tencent.deploy("--previous")
    tencent.mend()
    assert (stopped.returncode, stopped.stderr.count("InternalError.System")) == (1, 1)
    assert f"{CALLBACK} runs sha256 {hash_file(new)[:12]}\n" in stopped.stdout
    codes = list_codes(tencent)
    assert codes[CALLBACK] == hash_file(old)  # first: what is being withdrawn is never kept
    assert hash_file(new) in codes.values()

    done = tencent.deploy("--previous", LOG_LEVEL="DEBUG")
    assert (done.stderr, done.returncode) == ("", 0)
    mended = {**dict.fromkeys(NAMES.values(), hash_file(old)), DELIVER: hash_file(new)}
    assert list_codes(tencent) == mended
    assert (
        f"putting back Roomscribe {VERSION}, sha256 {hash_file(old)[:12]}: its version 1, kept"
        in done.stdout
    )
    assert f"{DELIVER} is not in this package: it stays as it is" in done.stdout
    assert tencent.get_trigger(DELIVER, "timer")["Enable"] == 0
    assert post_room_created(URL.findall(done.stdout)[0], "class-7").json() == {"code": 0}
    assert list_task_rooms(tencent) == ["class-7"]
    variables = call(tencent, "GetFunction", CALLBACK)["Environment"]["Variables"]
    assert {"Key": "LOG_LEVEL", "Value": "DEBUG"} in variables
    assert list_versions(tencent) == ["1"]


@dataclass(frozen=True)
class Account:
    """An account with a function `trtc_callback`, whose code is a package with one word in it."""

    tencent: Tencent
    folder: Path
    scf: Scf

    def write(self, word: str) -> Path:
        return write_package(self.folder / f"{word}.zip", {"trtc_callback.py": f"'{word}'\n"})

    def update(self, action: str, word: str, **parameters: object) -> None:
        """Make the function, or change its code; wait until that is done."""
        archive = base64.b64encode(self.write(word).read_bytes()).decode()
        code = {"Code": {"ZipFile": archive}, "Handler": "trtc_callback.main_handler"}
        answer = self.tencent.call(action, FunctionName=CALLBACK, **code, **parameters)
        assert "Error" not in answer
        States(self.scf).await_rest(CALLBACK)

    def make(self, word: str) -> None:
        self.update("CreateFunction", word, Runtime="Python3.10")

    def deploy(self, word: str) -> None:
        """As `deploy` does it."""
        self.keep(word)
        self.update("UpdateFunctionCode", word)

    def keep(self, word: str) -> None:
        self.versions.keep(self.write(word))

    def fetch(self) -> str:
        """The word in the package that would be put back."""
        with zipfile.ZipFile(self.versions.fetch(self.folder)) as opened:
            return opened.read("trtc_callback.py").decode().strip("'\n")

    def go_back(self) -> str:
        word = self.fetch()
        self.update("UpdateFunctionCode", word)
        return word

    @property
    def versions(self) -> Versions:
        return Versions(self.scf, States(self.scf), {"STAGE": "prod"})


@pytest.fixture
def account(tencent: Tencent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Account:
    monkeypatch.setenv("PATH", f"{TCCLI}{os.pathsep}{os.environ['PATH']}")
    environ = {"PATH": os.environ["PATH"], "HOME": str(tencent.home), **SETTINGS}
    return Account(tencent, tmp_path, Scf(environ, "ap-singapore", tencent.url, 0.02))


def test_what_was_given_up_is_never_gone_back_to(account: Account) -> None:
    account.keep("a")  # nothing is there yet
    account.make("a")
    account.deploy("a")
    with pytest.raises(DeployError, match="nothing to go back to"):
        account.fetch()
    account.deploy("b")
    account.deploy("b")
    assert list_versions(account.tencent) == ["1"]
    assert [account.go_back(), account.go_back()] == ["a", "a"]
    account.keep("e")  # and stopped before this function was updated
    account.deploy("c")
    assert account.go_back() == "a"
    account.deploy("c")
    account.deploy("d")
    assert [account.go_back(), account.fetch()] == ["c", "c"]
    assert list_versions(account.tencent) == ["1", "2"]


def test_function_that_failed_is_not_kept_and_stops_nothing(
    account: Account, capsys: pytest.CaptureFixture[str]
) -> None:
    account.make("a")
    account.tencent.plan(where="function", what="fail", times=1)
    with pytest.raises(DeployError, match="is PublishFailed"):
        account.keep("b")
    account.keep("b")
    assert f"{CALLBACK} is PublishFailed: what it runs is not kept" in capsys.readouterr().out
    assert list_versions(account.tencent) == []


def test_timer_that_was_stopped_runs_again_with_the_next_package(account: Account) -> None:
    tencent, states = account.tencent, States(account.scf)
    triggers = Triggers(account.scf, states)
    leave(states, triggers, DELIVER, DELIVERER)  # not there: nothing to leave
    archive = base64.b64encode(write_package(account.folder / "x", {"deliver.py": ""}).read_bytes())
    code = {"Code": {"ZipFile": archive.decode()}, "Handler": DELIVERER.handler}
    tencent.call("CreateFunction", FunctionName=DELIVER, Runtime="Python3.10", **code)
    states.await_rest(DELIVER)
    leave(states, triggers, DELIVER, DELIVERER)  # no trigger yet
    tencent.call("CreateTrigger", FunctionName=DELIVER, **describe_trigger(DELIVERER))
    for _ in range(2):
        leave(states, triggers, DELIVER, DELIVERER)
        assert tencent.get_trigger(DELIVER, "timer")["Enable"] == 0
    triggers.mend(DELIVER, DELIVERER)
    assert tencent.get_trigger(DELIVER, "timer")["Enable"] == 1


def test_download_is_compared_with_what_scf_says(account: Account) -> None:
    account.make("a")
    told = account.tencent.call("GetFunctionAddress", FunctionName=CALLBACK)
    url, sha256 = told["Url"], told["CodeSha256"]
    assert hashlib.sha256(download(url, sha256.upper())).hexdigest() == sha256
    for address, digest, words in (
        (url, "0" * 64, "its SHA-256 is another"),
        (url.replace("sign=", "sign=x"), sha256, "cannot be downloaded from SCF .HTTP Error 403"),
        ("http://127.0.0.1:1/", sha256, "cannot be downloaded"),
        ("file:///dev/null", sha256, "its SHA-256 is another"),
    ):
        with pytest.raises(DeployError, match=words):
            download(address, digest)
