"""The audit finds what is planted, wherever it is, and the repository is clean."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from local import development
from tests.audit.__main__ import list_spoken
from tests.audit.scan import check_log, list_unknown, scan_archive, scan_files, scan_repository

# Made anew in every run, so that no key lies in this file.
SECRET_ID = "AKID" + "z8Kr" * 8
SECRET_KEY = "".join(chr(ord("a") + i * 7 % 26) + str(i * 3 % 10) for i in range(16))
PRIVATE = "-----BEGIN RSA " + "PRIVATE KEY-----"
PLANTED = {
    "id": (f"id = {SECRET_ID}", "Tencent Cloud SecretId"),
    "key": (f'key = "{SECRET_KEY}"', "Base64 High Entropy String"),
    "pem": (PRIVATE, "Private Key"),
    "url": ("LEDGER_URL=redis://me:" + "hunter2sHorse@10.0.0.1/0", "Basic Auth Credentials"),
}
ALLOWED = "\n".join(
    f'{name} = "{value}"'
    for name, value in vars(development).items()
    if isinstance(value, str) and "NotASecret" in value
)


@pytest.mark.parametrize("kind", PLANTED)
def test_planted_key_is_found(tmp_path: Path, kind: str) -> None:
    text, name = PLANTED[kind]
    (tmp_path / "settings.py").write_text(f"# settings\n{text}\n")
    assert list_unknown(scan_files(tmp_path, ["settings.py"])) == [f"settings.py:2: {name}"]
    with zipfile.ZipFile(tmp_path / "package.zip", "w") as archive:
        archive.writestr("shared/settings.py", f"\n\n{text}\n")
    assert list_unknown(scan_archive(tmp_path / "package.zip")) == [f"shared/settings.py:3: {name}"]
    assert list_unknown(scan_files(tmp_path, ["package.zip"])) == []


def test_development_keys_are_allowed(tmp_path: Path) -> None:
    assert ALLOWED.count("NotASecret") >= 5
    (tmp_path / "settings.py").write_text(ALLOWED)
    assert list_unknown(scan_files(tmp_path, ["settings.py"])) == []


def test_key_that_git_would_take_is_found(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / ".gitignore").write_text(".env\n")
    for name in ("new.py", ".env"):
        (tmp_path / name).write_text(PLANTED["id"][0])
    assert list_unknown(scan_repository(tmp_path)) == ["new.py:1: Tencent Cloud SecretId"]


def test_log_tells_neither_keys_nor_words(tmp_path: Path) -> None:
    said = next(list_spoken())
    log = tmp_path / "run.log"
    log.write_text(f"10:19:21  caption class-7 [spoken] amy: {said}\n10:19:22  sentence.kept\n")
    assert check_log(log, list_spoken()) == []
    log.write_text(f"sentence.kept text={said}\nkey={development.CALLBACK_KEY}\nid={SECRET_ID}\n")
    assert sorted(check_log(log, list_spoken())) == [
        "run.log:1: what somebody said",
        "run.log:2: a development key",
        "run.log:3: Tencent Cloud SecretId",
    ]


@pytest.mark.slow
def test_repository_has_no_keys() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.audit"],
        cwd=development.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.returncode) == ("no keys found\n", 0)
