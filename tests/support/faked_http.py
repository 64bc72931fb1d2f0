"""Lets `responses`, which fakes HTTP under the requests library, answer the API client's requests.

Only what is below the client is replaced; shared/api/transport.py has tests of its own, on real sockets.
"""

from __future__ import annotations

import pytest
import requests
from requests.adapters import HTTPAdapter

import shared.api.client
from shared.api.sdk import RequestInternal
from shared.api.transport import Answer


class FakedTransport:
    """Travels by requests instead."""

    def __init__(self, url: str, _ca: str | None = None) -> None:
        self._url = url

    def send_request(self, request: RequestInternal) -> Answer:
        """What `responses` says, or raises."""
        prepared = requests.Request("POST", self._url, request.header, data=request.data).prepare()
        answer = HTTPAdapter().send(prepared)
        return Answer(answer.status_code, answer.content)


def fake_http(monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients made from now on travel that way."""
    monkeypatch.setattr(shared.api.client, "Transport", FakedTransport)
