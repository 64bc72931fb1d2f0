"""The page for people, a short one for whatever goes wrong, a script for other sites: each in one request."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from shared.scf import Response

FOLDER = Path(__file__).parent / "page"
STYLE, MEETINGS_STYLE = "page.css", "meetings.css"
# In this order: each uses what stands before it.
SCRIPTS = (
    *("words.js", "languages.js", "captions.js", "following.js", "filters.js"),
    *("moments.js", "polling.js", "page.js"),
)
EMBEDDED_STYLE = "embed.css"
EMBEDDED_SCRIPTS = ("languages.js", "polling.js", "embed.js")
MEETINGS_SCRIPTS = ("words.js", "languages.js", "meeting_rows.js", "meetings.js")
POLICY = (
    "default-src 'none'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)

FILE_POLICY = "default-src 'none'; frame-ancestors 'none'; sandbox"


def write_page(token: str) -> Response:
    """The page of the transcript at that token."""
    return _fill(200, _assemble("index.html", SCRIPTS), {"token": token})


def write_meetings_page(token: str, application: str) -> Response:
    """The page of the list at that token, of an application's meetings."""
    page = _assemble("meetings.html", MEETINGS_SCRIPTS, (STYLE, MEETINGS_STYLE))
    return _fill(200, page, {"token": token, "application": application})


def write_message(status: int, title: str, text: str) -> Response:
    """A page that says only this."""
    return _fill(status, _assemble("message.html", ()), {"title": title, "text": text})


@lru_cache(maxsize=1)
def write_captions() -> tuple[str, str]:
    """captions.js, which shows live captions on any site, and its ETag.

    All of it is one function, so that no name in it meets one of the site.
    """
    style = json.dumps(_read(EMBEDDED_STYLE))
    codes = "\n".join(map(_read, EMBEDDED_SCRIPTS))
    text = f'(() => {{\n"use strict";\nconst STYLE = {style};\n{codes}}})();\n'
    return text, f'"{hashlib.sha256(text.encode()).hexdigest()[:24]}"'


def _fill(status: int, page: tuple[str, str], values: Mapping[str, str]) -> Response:
    filled, policy = page
    for name, value in values.items():
        filled = filled.replace(f"{{{{{name}}}}}", html.escape(value))
    headers = {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": policy}
    return Response(status, filled, headers)


@lru_cache(maxsize=3)
def _assemble(
    file: str, scripts: tuple[str, ...], styles: tuple[str, ...] = (STYLE,)
) -> tuple[str, str]:
    """A file with styles and scripts put in, and the Content-Security-Policy that allows only them.

    The policy knows them by their hashes.
    """
    style, codes = "".join(map(_read, styles)), [_read(name) for name in scripts]
    text = _read(file).replace("{{style}}", f"<style>{style}</style>")
    text = text.replace("{{scripts}}", "\n".join(f"<script>{code}</script>" for code in codes))
    allowed = " ".join(map(_hash, codes)) or "'none'"
    return text, f"{POLICY}; style-src {_hash(style)}; script-src {allowed}"


def _read(name: str) -> str:
    """A file; the parser would end a script at the first "</script" in it."""
    text = (FOLDER / name).read_text(encoding="utf-8")
    if not name.endswith(".html") and re.search(r"</(script|style)", text, re.IGNORECASE):
        raise ValueError(f"{name} cannot stand inside a page")
    return text


def _hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
    return f"'sha256-{digest}'"
