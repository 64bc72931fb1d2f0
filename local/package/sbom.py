"""The package's bill of materials: a CycloneDX document of what others wrote in it.

Every byte of it follows from the package and what is installed for it: no time, no serial number.
"""

from __future__ import annotations

import hashlib
import json
from email.message import Message
from pathlib import Path
from typing import Any

from local.package.contents import Files
from local.package.licences import list_bundled, read_metadata
from shared import VERSION

Json = dict[str, Any]  # a JSON object: any value may stand in it

NAME = "roomscribe"


def write_sbom(archive: bytes, files: Files, dependencies: Path) -> bytes:
    """The document of a package, whose files these are, as indented JSON.

    `dependencies` is the folder in which all that may be in it is installed.
    Source: OWASP CycloneDX, JSON reference 1.6.
    """
    components = [_describe(about) for about in list_bundled(files, dependencies)]
    package = {
        "type": "application",
        "bom-ref": NAME,
        "name": NAME,
        "version": VERSION,
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


def _describe(about: Path) -> Json:
    metadata = read_metadata(about)
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
