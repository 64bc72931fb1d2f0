"""Whose work is bundled in the package, and under which licence: NOTICE in short, LICENSES.txt in full."""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterable, Iterator
from email.message import Message
from email.parser import HeaderParser
from pathlib import Path

from local.development import ROOT
from local.errors import LocalError

BUNDLE = "certifi/cacert.pem"
LICENCES = ("LICEN", "COPYING", "NOTICE")  # how the names of their files begin
APACHE, MIT = ROOT / "LICENSE", Path(__file__).with_name("MIT.txt")
# The text of a licence that something comes without, by how its metadata call it.
STANDARD = {"Apache License 2.0": APACHE, "MIT Licence": MIT, "MIT": MIT}
# A line that names a holder: no sentence about copyright, and no form to be filled in.
COPYRIGHT = re.compile(r"^ *(Copyright (?:[A-Z\d©]|\(c\)).*?)[ ,]*$", re.MULTILINE)
NOTICE = """\
Roomscribe
Copyright 2026 the authors of Roomscribe, who license it under the Apache License, Version 2.0: see LICENSE.

The package that SCF gets bundles what follows. The texts of all licences are in it, in LICENSES.txt.

"""


def list_bundled(names: Collection[str], dependencies: Path) -> Iterator[Path]:
    """The .dist-info folders of everything installed of which a file is among these, in order of names.

    The root certificates, `ca/`, are the bundle of certifi, of which nothing else is there.
    """
    for about in sorted(dependencies.glob("*.dist-info")):
        with (about / "RECORD").open(encoding="utf-8", newline="") as record:
            installed = {row[0] for row in csv.reader(record) if row}
        if BUNDLE in installed or not installed.isdisjoint(names):
            yield about


def read_metadata(about: Path) -> Message:
    """What a distribution says of itself: its name, version, author, licence."""
    return HeaderParser().parsestr((about / "METADATA").read_text(encoding="utf-8"))


def write_notice(bundled: Iterable[Path]) -> str:
    """Name, version, licence and holders of Roomscribe and of each distribution, one a line."""
    return NOTICE + "".join(f"{_describe(about)}\n" for about in bundled)


def read_licences(bundled: Iterable[Path]) -> str:
    """Every licence and notice of each distribution, under its name."""
    return "\n\n".join(
        f"===== {about.name.removesuffix('.dist-info')} =====\n\n{_read_licence(about)}"
        for about in bundled
    )


def _describe(about: Path) -> str:
    metadata = read_metadata(about)
    licence = metadata["License-Expression"] or metadata["License"]
    found = dict.fromkeys(COPYRIGHT.findall("\n".join(_list_texts(about))))
    holders = "; ".join(found) or f"by {metadata['Author'] or metadata['Author-email']}"
    return f"{metadata['Name']} {metadata['Version']} ({licence}): {holders}"


def _read_licence(about: Path) -> str:
    texts = _list_texts(about)
    return "\n".join(text.strip() for text in texts or _quote_standard(about)) + "\n"


def _list_texts(about: Path) -> list[str]:
    """The licences and notices that a distribution comes with."""
    files = [path for path in sorted(about.rglob("*")) if path.name.upper().startswith(LICENCES)]
    return [path.read_text(encoding="utf-8") for path in files if path.is_file()]


def _quote_standard(about: Path) -> tuple[str, str]:
    """What the metadata say of the licence and of whose it is, and the licence's text."""
    metadata = read_metadata(about)
    licence = metadata["License-Expression"] or metadata["License"]
    file = STANDARD.get(licence)
    if file is None:
        raise LocalError(f"{about.name}: comes without its licence; put its text beside {MIT}")
    fields = {"License": licence, "Home-page": metadata["Home-page"], "Author": metadata["Author"]}
    named = (f"{field}: {text}" for field, text in fields.items() if text)
    return "\n".join(named) + "\n", file.read_text(encoding="utf-8")
