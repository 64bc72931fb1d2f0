"""A hashed CA directory out of a bundle: OpenSSL then reads the one root it needs, not all of them."""

from __future__ import annotations

import hashlib
import re
import ssl
from collections import Counter

from local.package.der import SEQUENCE, SET, find_subject, read_values, write_value

UTF8_STRING = 0x0C
ENCODINGS = {  # of the string types that OpenSSL compares as text
    UTF8_STRING: "utf-8",
    0x13: "latin-1",  # PrintableString
    0x14: "latin-1",  # T61String
    0x16: "latin-1",  # IA5String
    0x1A: "latin-1",  # VisibleString
    0x1C: "utf-32-be",  # UniversalString
    0x1E: "utf-16-be",  # BMPString
}
PEM = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
SPACES = re.compile(rb"[ \t\n\v\f\r]+")


def hash_bundle(bundle: str) -> dict[str, bytes]:
    """From a PEM bundle to the files of a directory: HASH.0, and HASH.1 for the next of that name."""
    files: dict[str, bytes] = {}
    seen: Counter[str] = Counter()
    for pem in dict.fromkeys(PEM.findall(bundle)):  # each once, in the bundle's order
        certificate = ssl.PEM_cert_to_DER_cert(pem)
        name = hash_subject(certificate)
        files[f"{name}.{seen[name]}"] = ssl.DER_cert_to_PEM_cert(certificate).encode()
        seen[name] += 1
    return files


def hash_subject(certificate: bytes) -> str:
    """What `openssl x509 -subject_hash` prints.

    Source: OpenSSL 1.0.0 and newer, X509_NAME_hash: the first four bytes, the lowest first, of the
    SHA-1 of the name in its canonical form.
    """
    names = b"".join(
        _canonicalise(value.content) for value in read_values(find_subject(certificate))
    )
    digest = hashlib.sha1(names, usedforsecurity=False).digest()
    return digest[3::-1].hex()


def _canonicalise(names: bytes) -> bytes:
    """A SET of (type, text) with every text in UTF-8, lower case, and single spaces."""
    pairs = []
    for pair in read_values(names):
        kind, text = read_values(pair.content)
        pairs.append(write_value(SEQUENCE, kind.whole + _canonicalise_text(text.tag, text.content)))
    return write_value(SET, b"".join(pairs))


def _canonicalise_text(tag: int, content: bytes) -> bytes:
    if tag not in ENCODINGS:
        return write_value(tag, content)
    text = content.decode(ENCODINGS[tag]).encode()
    # bytes.lower changes ASCII letters only, as OpenSSL does.
    return write_value(UTF8_STRING, SPACES.sub(b" ", text.strip(b" \t\n\v\f\r")).lower())
