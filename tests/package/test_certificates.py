"""The hashed CA directory: OpenSSL finds every root of the bundle under the name it looks for."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path

import certifi
import pytest

from local.errors import LocalError
from local.package.certificates import PEM, hash_bundle
from tests.support.openssl import require_openssl
from tests.support.scripted_server import echo, make_certificate, run_server

BUNDLE = Path(certifi.where()).read_text(encoding="ascii")


@pytest.fixture
def _openssl() -> None:
    require_openssl()


def read_hash(pem: bytes) -> str:
    command = ["openssl", "x509", "-noout", "-subject_hash"]
    return (
        subprocess.run(command, input=pem, capture_output=True, check=True).stdout.decode().strip()
    )


@pytest.mark.usefixtures("_openssl")
def test_every_root_is_there_once() -> None:
    files = hash_bundle(BUNDLE + BUNDLE)
    assert {ssl.PEM_cert_to_DER_cert(pem.decode()) for pem in files.values()} == {
        ssl.PEM_cert_to_DER_cert(pem) for pem in PEM.findall(BUNDLE)
    }
    assert len(files) == len(set(files.values()))


@pytest.mark.usefixtures("_openssl")
def test_roots_of_one_name_are_numbered_in_the_order_of_the_bundle(tmp_path: Path) -> None:
    roots = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        roots += PEM.findall(make_certificate(tmp_path / name).read_text())
    for first, second in (roots, roots[::-1]):
        name = read_hash(first.encode())
        assert hash_bundle(f"{first}\n{second}\n") == {
            f"{name}.0": f"{first}\n".encode(),
            f"{name}.1": f"{second}\n".encode(),
        }


def test_missing_openssl_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LocalError, match=r"openssl is not installed.*apt-get install openssl"):
        hash_bundle(BUNDLE)


def test_openssl_that_cannot_rehash_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    other = tmp_path / "openssl"
    other.write_text("#!/bin/sh\necho \"'$1' is an invalid command.\" >&2\necho more >&2\nexit 1\n")
    other.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LocalError) as raised:
        hash_bundle(BUNDLE)
    assert str(raised.value) == (
        "openssl rehash: 'rehash' is an invalid command; OpenSSL 1.1 or newer has it"
    )


def test_server_is_trusted_by_the_directory(certificate: Path, tmp_path: Path) -> None:
    for name, pem in hash_bundle(certificate.read_text()).items():
        (tmp_path / name).write_bytes(pem)
    with run_server(echo, certificate=certificate) as server:
        server.ca = str(tmp_path)
        assert server.open_client().call("DescribeTask", {}, "ap-singapore", 5)
