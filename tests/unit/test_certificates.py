"""The hashed CA directory: OpenSSL finds every root of the bundle under the name it looks for."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from pathlib import Path

import certifi
import pytest

from local.package.certificates import PEM, hash_bundle, hash_subject
from local.package.der import SEQUENCE, SET, read_values, write_value
from tests.unit.api_server import echo, run_server

BUNDLE = Path(certifi.where()).read_text(encoding="ascii")
UTF8, PRINTABLE, T61, BMP, BITS = 0x0C, 0x13, 0x14, 0x1E, 0x03
COMMON_NAME = b"\x06\x03\x55\x04\x03"


def write_certificate(*texts: tuple[int, bytes]) -> bytes:
    """As much of a certificate as has a subject: one common name for each text."""
    names = [write_value(SEQUENCE, COMMON_NAME + write_value(*text)) for text in texts]
    subject = write_value(SEQUENCE, b"".join(write_value(SET, name) for name in names))
    empty = write_value(SEQUENCE, b"")
    return write_value(
        SEQUENCE, write_value(SEQUENCE, b"\x02\x01\x01" + empty + empty + empty + subject)
    )


def test_every_root_is_there_once() -> None:
    files = hash_bundle(BUNDLE + BUNDLE)
    assert {ssl.PEM_cert_to_DER_cert(pem.decode()) for pem in files.values()} == {
        ssl.PEM_cert_to_DER_cert(pem) for pem in PEM.findall(BUNDLE)
    }
    assert len(files) == len(set(files.values()))


def test_names_are_those_that_openssl_gives() -> None:
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed")
    for name, pem in hash_bundle(BUNDLE).items():
        command = ["openssl", "x509", "-noout", "-subject_hash"]
        shown = subprocess.run(command, input=pem, capture_output=True, check=True)
        assert name.partition(".")[0] == shown.stdout.decode().strip()


def test_roots_of_one_name_are_numbered() -> None:
    one, other = write_certificate((UTF8, b"Root")), write_certificate((PRINTABLE, b" ROOT "))
    bundle = "".join(map(ssl.DER_cert_to_PEM_cert, (one, other)))
    name = hash_subject(one)
    assert list(hash_bundle(bundle)) == [f"{name}.0", f"{name}.1"]


@pytest.mark.parametrize(
    "text",
    [
        (UTF8, b"  gr\xc3\xbcne   wurzel "),
        (T61, b"Gr\xfcne Wurzel"),
        (BMP, "GR\u00fcNE\t Wurzel".encode("utf-16-be")),
    ],
)
def test_subject_is_compared_as_text(text: tuple[int, bytes]) -> None:
    plain = write_certificate((UTF8, "gr\u00fcne wurzel".encode()))
    assert hash_subject(write_certificate(text)) == hash_subject(plain)


def test_subject_that_is_no_text_is_compared_as_bytes() -> None:
    assert hash_subject(write_certificate((BITS, b"\x00A"))) != hash_subject(
        write_certificate((BITS, b"\x00a"))
    )


@pytest.mark.parametrize("data", [b"\x30", b"\x30\x05\x00", b"\x30\x82\x01"])
def test_what_ends_too_soon_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="DER"):
        list(read_values(data))


def test_server_is_trusted_by_the_directory(certificate: Path, tmp_path: Path) -> None:
    for name, pem in hash_bundle(certificate.read_text()).items():
        (tmp_path / name).write_bytes(pem)
    with run_server(echo, certificate=certificate) as server:
        server.ca = str(tmp_path)
        assert server.open_client().call("DescribeTask", {}, "ap-singapore", 5)
