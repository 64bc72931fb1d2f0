"""How tccli is called: no secret in a command or in what is printed, patience with SCF's limits only."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from deploy.advice import ADVICE, AGAIN, FALLBACK, advise
from deploy.calls import ATTEMPTS, CallError
from tests.deploy.tccli_stand_in import DONE, KEYS, Tccli, write_package

ROOT = Path(__file__).parents[2]
THROTTLED = (
    255,
    "",
    "[TencentCloudSDKException] code:RequestLimitExceeded message:x requestId:r-1\n",
)


@pytest.fixture
def tccli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tccli:
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return Tccli(tmp_path)


def test_call_says_where_and_has_its_parameters_in_a_file(tccli: Tccli) -> None:
    assert tccli.call() == {"Status": "Active"}
    (asked,) = tccli.read()
    assert asked["argv"][:2] == ["scf", "GetFunction"]
    options = dict(zip(asked["argv"][2::2], asked["argv"][3::2], strict=True))
    assert options["--region"] == "ap-singapore"
    assert options["--endpoint"] == "scf.example.com"
    assert options["--output"] == "json"  # whatever tccli is configured with
    assert asked["parameters"]["FunctionName"] == "roomscribe-prod-drain_starts"
    assert asked["mode"] & 0o077 == 0  # of the file's folder: nobody else may look into it


def test_no_secret_is_in_the_command(tccli: Tccli) -> None:
    tccli.call()
    (asked,) = tccli.read()
    assert asked["parameters"]["Secret"] == "the-callback-key"
    command = " ".join(asked["argv"])
    for secret in ("the-callback-key", *KEYS.values()):
        assert secret not in command


def test_keys_and_token_are_handed_over_under_tcclis_names(tccli: Tccli) -> None:
    tccli.call(TENCENTCLOUD_TOKEN="of-other-keys")
    (asked,) = tccli.read()
    handed = {name: asked["environ"][f"TENCENTCLOUD_{name}"] for name in ("SECRET_ID", "TOKEN")}
    assert handed == {"SECRET_ID": "the-id", "TOKEN": "the-token"}


def test_token_of_other_keys_is_not_handed_over(tccli: Tccli) -> None:
    tccli.call(TENCENT_TOKEN="", TENCENTCLOUD_TOKEN="of-other-keys")
    assert "TENCENTCLOUD_TOKEN" not in tccli.read()[0]["environ"]


def test_without_keys_of_ours_those_of_tccli_count(tccli: Tccli) -> None:
    own = {"TENCENTCLOUD_SECRET_ID": "i", "TENCENTCLOUD_SECRET_KEY": "k"}
    tccli.call(**dict.fromkeys(KEYS, ""), **own)
    assert tccli.read()[0]["environ"].items() >= own.items()


def test_throttled_call_is_repeated(tccli: Tccli) -> None:
    tccli.answer(THROTTLED, THROTTLED, DONE)
    assert tccli.call() == {"Status": "Active"}
    assert len(tccli.read()) == 3


def test_throttling_without_end_is_an_error(tccli: Tccli) -> None:
    tccli.answer(THROTTLED)
    with pytest.raises(CallError, match=r"RequestLimitExceeded \(RequestId r-1\)"):
        tccli.call()
    assert len(tccli.read()) == ATTEMPTS


@pytest.mark.parametrize(
    ("stderr", "words"),
    [
        (
            "[TencentCloudSDKException] code:UnauthorizedOperation.CAM message:no requestId:r-2",
            "UnauthorizedOperation.CAM (RequestId r-2): no These keys may not do it",
        ),
        (
            "secretId is invalid\n",
            "AuthFailure (RequestId none): secretId is invalid Check TENCENT",
        ),
        ("usage: tccli\nUnknown options: --colour\n", "tccli (RequestId none): Unknown options"),
        ("", "It did not say why."),
    ],
)
def test_any_other_error_ends_it_at_once(tccli: Tccli, stderr: str, words: str) -> None:
    tccli.answer((255, "", stderr))
    with pytest.raises(CallError) as caught:
        tccli.call()
    assert str(caught.value).startswith("GetFunction of roomscribe-prod-drain_starts: ")
    assert words in str(caught.value)
    assert str(caught.value).endswith(AGAIN)
    assert len(tccli.read()) == 1


def test_answer_that_is_no_json_is_an_error(tccli: Tccli) -> None:
    tccli.answer((0, "Status\tActive\n", ""))
    with pytest.raises(CallError, match="did not print JSON"):
        tccli.call()


def test_secrets_that_an_error_quotes_are_hidden(tccli: Tccli) -> None:
    quoted = "value the-link-key, redis://:pass-word@10.0.0.7:6379/0 or pass-word is wrong"
    tccli.answer((255, "", f"code:InvalidParameterValue message:{quoted} requestId:r"))
    with pytest.raises(CallError) as caught:
        tccli.call(
            TRANSCRIPT_LINK_KEY="the-link-key", LEDGER_URL="redis://:pass-word@10.0.0.7:6379/0"
        )
    assert "value ***, *** or *** is wrong" in str(caught.value)


@pytest.mark.parametrize("code", [*ADVICE, "InvalidParameterValue.ZipFileBase64BinasciiError"])
def test_code_has_its_advice(code: str) -> None:
    assert advise(code) != FALLBACK
    assert advise("Something.New") == FALLBACK


def test_most_exact_advice_counts() -> None:
    assert "ROLE" in advise("UnauthorizedOperation.Role")
    assert advise("UnauthorizedOperation.CAM") == advise("UnauthorizedOperation")


class Script:
    """deploy/tccli.sh with a tccli that answers nothing good."""

    def __init__(self, tccli: Tccli) -> None:
        self._tccli = tccli
        tccli.answer((255, "", "code:Stop message:here requestId:r"))
        write_package(tccli.folder / "package.zip")

    def run(
        self,
        env_file: str | bytes = "",
        arguments: Sequence[str] = ("package.zip",),
        **environ: str,
    ) -> subprocess.CompletedProcess[str]:
        """Run it with these lines in .env, in the package's folder."""
        file = self._tccli.folder / "env"
        file.write_bytes(env_file if isinstance(env_file, bytes) else env_file.encode())
        return subprocess.run(
            ["sh", str(ROOT / "deploy" / "tccli.sh"), *arguments],
            cwd=self._tccli.folder,
            env={"PATH": os.environ["PATH"], "ROOMSCRIBE_ENV_FILE": str(file), **environ},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def read_call(self) -> dict[str, Any]:
        """The only call."""
        (asked,) = self._tccli.read()
        return asked


@pytest.fixture
def script(tccli: Tccli) -> Script:
    return Script(tccli)


LINES = """
STAGE=test
REGION='ap-tokyo' # where
ROLE="roomscribe"
TRTC_SDK_APP_ID=1400000000
TRTC_SDK_SECRET_KEY='a $secret'
TRTC_CALLBACK_KEY=callbackKey
LEDGER_URL=sqlite:////tmp/ledger.db
"""


def test_settings_come_from_the_file(script: Script) -> None:
    done = script.run(LINES)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: GetFunction of roomscribe-test-trtc_callback: Stop ")
    argv = script.read_call()["argv"]
    assert argv[argv.index("--region") + 1] == "ap-tokyo"


def test_file_as_windows_editors_save_it_is_read(script: Script) -> None:
    script.run(b"\xef\xbb\xbf" + LINES.lstrip().replace("\n", "\r\n").encode())
    assert script.read_call()["parameters"]["FunctionName"] == "roomscribe-test-trtc_callback"


def test_environment_comes_before_the_file(script: Script) -> None:
    script.run(LINES, STAGE="other", SOME_QUOTE='it\'s "so"')
    assert script.read_call()["parameters"]["FunctionName"] == "roomscribe-other-trtc_callback"


@pytest.mark.parametrize(
    ("given", "host"),
    [
        ({}, "scf.intl.tencentcloudapi.com"),
        ({"TRTC_ENDPOINT": "trtc.intl.tencentcloudapi.com"}, "scf.intl.tencentcloudapi.com"),
        ({"TRTC_ENDPOINT": "https://trtc.tencentcloudapi.com"}, "scf.tencentcloudapi.com"),
        (
            {"INVOKE_ENDPOINT": "scf.ap-tokyo.tencentcloudapi.com"},
            "scf.ap-tokyo.tencentcloudapi.com",
        ),
    ],
)
def test_host_is_that_of_the_site(script: Script, given: dict[str, str], host: str) -> None:
    script.run(LINES, **given)
    argv = script.read_call()["argv"]
    assert argv[argv.index("--endpoint") + 1] == host


def test_everything_that_is_wrong_is_said_before_the_first_call(
    script: Script, tccli: Tccli
) -> None:
    changes = {"STAGE": "", "SUBNET_ID": "subnet-1", "TRTC_CALLBACK_KEY": ""}
    done = script.run(LINES, ["none.zip"], **changes)
    assert (done.returncode, done.stdout) == (1, "")
    names = [line.removeprefix("error: ").partition(":")[0] for line in done.stderr.splitlines()]
    assert names == ["STAGE", "VPC_ID", "TRTC_CALLBACK_KEY", "none.zip"]
    assert tccli.read() == []


@pytest.mark.parametrize("line", ["ROLE=a role", "ROLE=$nothing", "ROLE='open"])
def test_line_that_sh_cannot_read_is_said(script: Script, tccli: Tccli, line: str) -> None:
    done = script.run(f"{LINES}{line}\n")
    assert (done.returncode != 0, tccli.read()) == (True, [])
    assert "a line is no NAME=value for sh; ./roomscribe doctor says which" in done.stderr


def test_file_that_is_named_and_not_there_is_said(script: Script, tccli: Tccli) -> None:
    done = script.run(LINES, ROOMSCRIBE_ENV_FILE="/no/such/file")
    assert (done.returncode, tccli.read()) == (1, [])
    assert done.stderr == "error: ROOMSCRIBE_ENV_FILE: /no/such/file cannot be read\n"


def test_tccli_that_is_not_installed_is_said(script: Script, tccli: Tccli) -> None:
    (tccli.folder / "tccli").unlink()
    python = tccli.folder / "python3"
    python.symlink_to(sys.executable)
    done = script.run(LINES, PATH=f"{tccli.folder}:/usr/bin:/bin")
    assert done.returncode == 1
    assert done.stderr.startswith(
        "error: tccli: not installed; ./roomscribe deploy brings it along"
    )
