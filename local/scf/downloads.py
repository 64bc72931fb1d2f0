"""Where code is downloaded: addresses that carry a signature, as those of SCF's own bucket do."""

from __future__ import annotations

import secrets
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Route

from local.host.function_url import write_json
from local.scf.code import Code

CODE_PATH = "/code"


class Downloads:
    """Makes the addresses, below `url`, and answers requests to them."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._archives: dict[str, Path] = {}

    @property
    def routes(self) -> list[BaseRoute]:
        return [Route(CODE_PATH, self._answer)]

    def make_url(self, code: Code) -> str:
        """An address from which anybody can download the zip of a function's code."""
        sign = secrets.token_urlsafe(24)
        self._archives[sign] = code.archive
        return f"{self._url}{CODE_PATH}?sign={sign}"

    async def _answer(self, request: Request) -> Response:
        archive = self._archives.get(request.query_params.get("sign", ""))
        if archive is None:
            return write_json({"error": "this address is not signed"}, 403)
        return FileResponse(archive, media_type="application/zip")
