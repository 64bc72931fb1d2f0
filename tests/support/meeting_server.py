"""read_transcript with its own ledger behind a loopback server, for whoever has an operator's link."""

from __future__ import annotations

import time

import read_transcript

from shared.links import write_link
from shared.scf import Json
from tests.support.instance import SDK_APP_ID
from tests.support.transcript_server import ReadingServer
from tests.support.transcript_source import MemorySource

OPERATOR_KEY = "the operator's own key"


class MeetingServer(ReadingServer):
    """Serves what is in the ledger of the environment, which has OPERATOR_LINK_KEY, too."""

    def __init__(self) -> None:
        super().__init__(MemorySource())

    def read(self, event: Json) -> Json:
        """What the function returns for an event."""
        return read_transcript.main_handler(event, {"function_name": "read_transcript"})

    def list_link(self, lifetime_s: int = 3600) -> str:
        """The address of the list of meetings."""
        now_s = int(time.time())
        return write_link(OPERATOR_KEY, self.url, str(SDK_APP_ID), now_s, lifetime_s, "operator")
