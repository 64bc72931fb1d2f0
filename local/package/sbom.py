"""The package's bill of materials: a CycloneDX document of what others wrote in it.

Every byte of it follows from the package and what is installed for it: no time, no serial number.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterator
from email.message import Message
from email.parser import HeaderParser
from pathlib import Path
from typing import Any

import tomli

from local.package.contents import BUNDLE, Files

Json = dict[str, Any]  # a JSON object: any value may stand in it

NAME = "roomscribe"


def write_sbom(archive: bytes, files: Files, dependencies: Path, version: str) -> bytes:
    """The document of a package, whose files these are, as indented JSON.

    `dependencies` is the folder in which all that may be in it is installed; `version` is Roomscribe's own.
    Source: OWASP CycloneDX, JSON reference 1.6.
    """
    components = [_describe(about) for about in list_bundled(files, dependencies)]
    package = {
        "type": "application",
        "bom-ref": NAME,
        "name": NAME,
        "version": version,
        "hashes": [{"alg": "SHA-256", "content": hashlib.sha256(archive).hexdigest()}],
    }
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": package},
        "components": components,
        "dependencies": [
            {"ref": NAME, "dependsOn": [component["bom-ref"] for component in components]},
            *({"ref": component["bom-ref"]} for component in components),
        ],
    }
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()


def read_version(root: Path) -> str:
    """Roomscribe's version, as pyproject.toml says."""
    text = (root / "pyproject.toml").read_text(encoding="utf-8")
    return str(tomli.loads(text)["project"]["version"])


def list_bundled(files: Files, dependencies: Path) -> Iterator[Path]:
    """The .dist-info folders of everything installed of which a file is among these, in order of names.

    The root certificates, `ca/`, are the bundle of certifi, of which nothing else is there.
    """
    for about in sorted(dependencies.glob("*.dist-info")):
        with (about / "RECORD").open(encoding="utf-8", newline="") as record:
            installed = {row[0] for row in csv.reader(record) if row}
        if BUNDLE in installed or installed & files.keys():
            yield about


def _describe(about: Path) -> Json:
    metadata = HeaderParser().parsestr((about / "METADATA").read_text(encoding="utf-8"))
    name, version = str(metadata["Name"]), str(metadata["Version"])
    address = f"pkg:pypi/{name.lower().replace('_', '-')}@{version}"  # Source: purl-spec, type pypi
    return {
        "type": "library",
        "bom-ref": address,
        "name": name,
        "version": version,
        "licenses": [_read_licence(metadata)],
        "purl": address,
    }


def _read_licence(metadata: Message) -> Json:
    """The licence as its authors name it; only the newer of the two fields has a form that tools read."""
    if expression := metadata["License-Expression"]:
        return {"expression": expression}
    return {"license": {"name": metadata["License"] or "see LICENSES.txt"}}
