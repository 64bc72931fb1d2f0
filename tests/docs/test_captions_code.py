"""docs/transcripts.md: its code for clients shows the messages that stand beside it."""

from __future__ import annotations

import json
import subprocess

import pytest

from tests.docs.pages import ROOT, list_blocks
from tests.emulator.official_clients import find_missing_node

BLOCKS = [block for block in list_blocks(ROOT / "docs" / "transcripts.md") if not block.name]
STAND_INS = """
const shown = [];
const show = (key, user, text, isComplete) => shown.push([key, user, text, isComplete]);
let listen, source;
const TRTC = { EVENT: { CUSTOM_MESSAGE: "custom-message" } };
const trtc = { on: (event, listener) => { listen = listener; } };
class EventSource { constructor() { source = this; } }
"""


@pytest.mark.skipif(find_missing_node() is not None, reason=str(find_missing_node()))
def test_messages_are_shown_by_the_code_of_the_page() -> None:
    messages = [json.loads(block.text) for block in BLOCKS if block.language == "json"]
    code = [block.text for block in BLOCKS if block.language == "js"]
    calls = (
        f"for (const message of {json.dumps(messages)}) {{ const text = JSON.stringify(message);\n"
        "listen({ cmdId: 1, data: new TextEncoder().encode(text).buffer });\n"
        "source.onmessage({ data: JSON.stringify({ cmdId: 1, message: text }) }); }\n"
        "console.log(JSON.stringify(shown));"
    )
    done = subprocess.run(
        ["node", "-"],
        input="\n".join([STAND_INS, *code, calls]),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    spoken = ["e6330a3c", "ann", "Good morning", True]
    translated = ["e6330a3c/zh", "ann", "早上好", True]
    expected = [spoken, translated, spoken, translated]  # 1.0 in two messages, 2.0 in one
    shown = json.loads(done.stdout)
    assert [one for one in shown if shown.count(one) == 4] == shown
    assert sorted(shown) == sorted(expected * 2)
