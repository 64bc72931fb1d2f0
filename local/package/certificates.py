"""A hashed CA directory out of a bundle: OpenSSL then reads the one root it needs, not all of them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from local.errors import LocalError

PEM = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
REHASH = ("openssl", "rehash")  # in OpenSSL since 1.1, not in LibreSSL


def hash_bundle(bundle: str) -> dict[str, bytes]:
    """From a PEM bundle to the files of a directory: HASH.0, and HASH.1 for the next of that subject.

    HASH is the certificate's subject hash. Raises LocalError without an openssl that knows `rehash`.
    Source: OpenSSL, openssl-rehash(1).
    """
    with TemporaryDirectory() as name:
        folder = Path(name)
        for number, pem in enumerate(dict.fromkeys(PEM.findall(bundle))):
            # rehash goes by name: of one subject, the bundle's first becomes HASH.0.
            (folder / f"{number:06}.pem").write_text(f"{pem}\n", encoding="ascii")
        _rehash(folder)
        return {
            path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_symlink()
        }


def _rehash(folder: Path) -> None:
    """Add a symbolic link for every certificate in the folder, named as OpenSSL looks for it."""
    try:
        subprocess.run([*REHASH, folder], capture_output=True, text=True, check=True)  # noqa: S603
    except FileNotFoundError as error:
        raise LocalError(
            "openssl is not installed, and it names the package's root certificates; "
            "on Debian: apt-get install openssl"
        ) from error
    except subprocess.CalledProcessError as error:
        said = error.stderr.partition("\n")[0].rstrip(".")
        raise LocalError(f"{' '.join(REHASH)}: {said}; OpenSSL 1.1 or newer has it") from error
