"""The text of one setting: what surrounds it goes, and what can be no setting is named."""

from __future__ import annotations

import re
from collections.abc import Mapping

# What a variable that is not set becomes on its way to SCF: JavaScript's word for it, or its reference.
UNSET = re.compile(r"\bundefined\b|\$\{[^}]*\}")
VISIBLE = re.compile(r"[!-~]*")  # what an HTTP header can carry
MIN_VARIETY = 5  # different characters of a key; of one shorter than 15, a third of its length


def strip_text(text: str) -> str:
    """Without the white space and byte order marks around it."""
    return text.strip().strip("\ufeff").strip()


def list_faults(texts: Mapping[str, str]) -> list[str]:
    """What keeps stripped texts from being the settings of those names, and what to do; never a text."""
    return [
        f"{name}: {fault}" for name, text in texts.items() if (fault := _find_fault(name, text))
    ]


def _find_fault(name: str, text: str) -> str | None:
    if UNSET.search(text):
        return 'holds "undefined" or ${…}, as what .env lacks reaches SCF; set it, or take it away'
    if not text.isprintable():
        return "holds a line break or an invisible character; type it anew"
    if name.startswith(("TENCENT", "DRAIN")) and not VISIBLE.fullmatch(text):
        return "holds a space or a character beyond ASCII; copy it again"
    if "key" in name.lower() and len(set(text)) < min(MIN_VARIETY, len(text) // 3):
        return "is a few characters over and over; set a real key"
    return None
