"""`deploy`: tccli brought along, and the script called with the settings of .env."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from local.deploy import LOCK, STAMP, check_settings, install_tccli
from local.errors import LocalError
from tests.deploy.tccli_stand_in import write_package
from tests.support.local_commands import ROOT, run_local

STAND_IN = """#!{python}
import os, sys
sys.stderr.write("code:Stop message:" + os.environ["TENCENTCLOUD_SECRET_ID"] + " requestId:r")
sys.exit(255)
"""
SETTINGS = {
    "STAGE": "test",
    "REGION": "ap-singapore",
    "ROLE": "roomscribe",
    "TRTC_SDK_APP_ID": "1400000000",
    "TRTC_SDK_SECRET_KEY": "SdkSecret",
    "TRTC_CALLBACK_KEY": "callbackKey",
    "LEDGER_URL": "sqlite:////tmp/ledger.db",
    "TENCENT_SECRET_ID": "the-id",
    "TENCENT_SECRET_KEY": "the-key",
}


@pytest.fixture
def tccli(tmp_path: Path) -> Path:
    program = tmp_path / "bin" / "tccli"
    program.parent.mkdir()
    program.write_text(STAND_IN.format(python=sys.executable))
    program.chmod(0o755)
    write_package(tmp_path / "package.zip")
    return program.parent


def deploy(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return run_local("deploy", *arguments, environ=environ)


def test_script_gets_package_settings_and_tccli(tccli: Path) -> None:
    package = str(tccli.parent / "package.zip")
    done = deploy(package, "--tccli", str(tccli), **SETTINGS)
    assert done.returncode == 1
    assert done.stderr.startswith("error: GetFunction of roomscribe-test-trtc_callback: Stop ")
    assert "the-id" in done.stderr


def test_script_is_told_to_go_back_and_makes_no_package(tccli: Path) -> None:
    done = deploy("--previous", "--tccli", str(tccli), **SETTINGS)
    assert done.stderr.startswith("error: GetFunction of roomscribe-test-trtc_callback: Stop ")
    assert done.stdout == ""


def test_going_back_takes_no_package(tccli: Path) -> None:
    package = str(tccli.parent / "package.zip")
    done = deploy(package, "--previous", "--tccli", str(tccli), **SETTINGS)
    assert (done.returncode, done.stderr) == (
        1,
        "error: --previous takes no PACKAGE: SCF has kept the one that is put back\n",
    )


def test_settings_are_checked_before_a_package_is_made(tccli: Path) -> None:
    done = deploy("--tccli", str(tccli), **{**SETTINGS, "STAGE": "", "REGION": "here"})
    assert (done.returncode, done.stdout) == (1, "")
    lines = done.stderr.splitlines()
    assert [line.split(":")[:2] for line in lines[:2]] == [
        ["error", " STAGE"],
        ["error", " REGION"],
    ]
    assert len(lines) == 2


def test_who_has_no_settings_is_told_where_they_come_from() -> None:
    with pytest.raises(
        LocalError, match=r"STAGE: not set[\s\S]*\nerror: there is no \.env: cp \.env"
    ):
        check_settings({}, None)
    check_settings(SETTINGS, None)


def test_what_was_printed_stands_before_what_the_script_prints(tccli: Path) -> None:
    (tccli / "python3").write_text("#!/bin/sh\n[ $1 = -c ] || echo the script\n")
    (tccli / "python3").chmod(0o755)
    call = (
        "import os; from pathlib import Path; from local.deploy import run_script; "
        f"print('before'); run_script('--previous', Path({str(tccli)!r}), os.environ)"
    )
    command = [sys.executable, "-c", call]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == ["before", "the script"]


def test_package_that_is_not_there_is_said(tccli: Path) -> None:
    done = deploy(str(tccli.parent / "none.zip"), "--tccli", str(tccli), **SETTINGS)
    assert (done.returncode, "none.zip: no such file" in done.stderr) == (1, True)


def test_package_of_something_else_is_said(tccli: Path) -> None:
    other = tccli.parent / "other.zip"
    other.write_bytes(b"no zip")
    for package in (other, write_package(other, "other.py")):
        done = deploy(str(package), "--tccli", str(tccli), **SETTINGS)
        assert (done.returncode, "other.zip: no package of Roomscribe" in done.stderr) == (1, True)


def test_folder_without_tccli_is_said(tccli: Path, tmp_path: Path) -> None:
    done = deploy(str(tccli.parent / "package.zip"), "--tccli", str(tmp_path), **SETTINGS)
    assert done.stderr == f"error: {tmp_path}: there is no tccli in this folder\n"


@pytest.fixture
def nothing(tmp_path: Path) -> Path:
    """A lock in which nothing stands."""
    lock = tmp_path / "nothing.lock"
    lock.write_text("# nothing\n")
    return lock


@pytest.mark.slow
def test_tccli_is_installed_once_for_its_lock(nothing: Path, tmp_path: Path) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text("# nothing\n")
    folder = tmp_path / "environment"
    assert install_tccli(folder, lock, nothing) == folder / "bin"
    mark = folder / "mark"
    mark.touch()
    install_tccli(folder, lock, nothing)
    assert mark.exists()
    lock.write_text("# nothing else\n")
    install_tccli(folder, lock, nothing)
    assert not mark.exists()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "reason"), [("not a requirement", "Invalid requirement"), ("{wheel}", "[Hh]ashes are")]
)
def test_installation_that_failed_is_not_taken_for_done(
    nothing: Path, tmp_path: Path, line: str, reason: str
) -> None:
    wheel, lock = tmp_path / "tccli-1-py3-none-any.whl", tmp_path / "requirements.lock"
    wheel.touch()
    lock.write_text(line.format(wheel=wheel) + "\n")
    with pytest.raises(LocalError, match=f"tccli could not be installed: .*{reason}"):
        install_tccli(tmp_path / "environment", lock, nothing)
    assert not (tmp_path / "environment" / STAMP).exists()


def test_version_of_tccli_is_pinned() -> None:
    lines = LOCK.read_text(encoding="utf-8").splitlines()
    assert any(line.startswith("tccli==") for line in lines)
