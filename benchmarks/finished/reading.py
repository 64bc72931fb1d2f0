"""Reading a finished meeting in a warm instance that remembers nothing of it."""

from __future__ import annotations

import json
import time

from benchmarks.finished.meetings import OPENED_MS, Place
from shared.archive.archive import open_archive
from shared.ledger import Session
from shared.links import sign_link
from shared.reading.answer import answer_request
from shared.reading.kept import KeptTranscripts
from shared.scf import Request, write_response

LATENCY_S = 0.020  # of object storage, within one region


class Reader:
    """Asks for one transcript as somebody with its link; the archive answers after its latency."""

    def __init__(self, place: Place, session: Session) -> None:
        self._place = place
        url = place.settings.archive_url or ""
        self._archive = open_archive(url)
        self._key = place.settings.transcript_link_key or ""
        self._token = sign_link(self._key, session.id, 2**33)
        self.storage_calls = 0
        self.etag = ""

    def read(self, form: str, if_none_match: str = "") -> float:
        """The ms that an answer took, written as SCF takes it."""
        headers = {"accept-encoding": "gzip", "if-none-match": if_none_match}
        request = Request("GET", f"/{self._token}{form}", {}, headers, b"")
        began_s = time.perf_counter()
        answer = answer_request(request, self._open(), self._key, OPENED_MS)
        json.dumps(write_response(answer.response))
        elapsed_ms = (time.perf_counter() - began_s) * 1000
        assert answer.response.status == (304 if if_none_match else 200)  # noqa: S101
        self.etag = answer.response.headers.get("ETag", "")
        return elapsed_ms

    def _open(self) -> KeptTranscripts:
        return KeptTranscripts(self._place.ledger, 0, None, self._get)

    def _get(self, key: str) -> bytes | None:
        self.storage_calls += 1
        time.sleep(LATENCY_S)
        return self._archive.get(key)
