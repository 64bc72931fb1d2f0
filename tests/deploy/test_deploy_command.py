"""`deploy`: tccli brought along, and the script called with the settings of .env."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from local.deploy import REQUIREMENTS, STAMP, install_tccli
from local.errors import LocalError
from tests.support.local_commands import run_local

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
    (tmp_path / "package.zip").write_bytes(b"the package")
    return program.parent


def deploy(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return run_local("deploy", *arguments, environ=environ)


def test_script_gets_package_settings_and_tccli(tccli: Path) -> None:
    package = str(tccli.parent / "package.zip")
    done = deploy(package, "--tccli", str(tccli), **SETTINGS)
    assert done.returncode == 1
    assert done.stderr.startswith("error: GetFunction of roomscribe-test-drain_starts: Stop ")
    assert "the-id" in done.stderr


def test_package_that_is_not_there_is_said(tccli: Path) -> None:
    done = deploy(str(tccli.parent / "none.zip"), "--tccli", str(tccli), **SETTINGS)
    assert (done.returncode, "none.zip: no such file" in done.stderr) == (1, True)


def test_folder_without_tccli_is_said(tccli: Path, tmp_path: Path) -> None:
    done = deploy(str(tccli.parent / "package.zip"), "--tccli", str(tmp_path), **SETTINGS)
    assert done.stderr == f"error: {tmp_path}: there is no tccli in this folder\n"


@pytest.mark.slow
def test_tccli_is_installed_once_for_its_requirements(tmp_path: Path) -> None:
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("# nothing\n")
    folder = tmp_path / "environment"
    assert install_tccli(folder, requirements) == folder / "bin"
    mark = folder / "mark"
    mark.touch()
    install_tccli(folder, requirements)
    assert mark.exists()
    requirements.write_text("# nothing else\n")
    install_tccli(folder, requirements)
    assert not mark.exists()


@pytest.mark.slow
def test_installation_that_failed_is_not_taken_for_done(tmp_path: Path) -> None:
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("not a requirement\n")
    with pytest.raises(LocalError, match="tccli could not be installed: ERROR"):
        install_tccli(tmp_path / "environment", requirements)
    assert not (tmp_path / "environment" / STAMP).exists()


def test_version_of_tccli_is_pinned() -> None:
    lines = REQUIREMENTS.read_text(encoding="utf-8").splitlines()
    assert any(line.startswith("tccli==") for line in lines)
