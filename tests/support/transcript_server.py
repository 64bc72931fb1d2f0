"""read_transcript behind a loopback server: requests become function-URL events, as on SCF."""

from __future__ import annotations

import socket
import threading
import time

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from local.host.function_url import read_event, write_answer
from shared.links import write_link
from shared.reading.answer import answer_reader
from shared.scf import Json
from tests.support.transcript_source import LINK_KEY, SESSION, MemorySource


def read_once(source: MemorySource, event: object) -> Json:
    """What the function returns for an event, when it has read nothing before."""
    return answer_reader(
        event, {"function_name": "read_transcript"}, lambda _: source.open_afresh()
    )


class ReadingServer:
    """Serves the transcripts of a source below `url`; needs TRANSCRIPT_LINK_KEY in the environment."""

    def __init__(self, source: MemorySource) -> None:
        self.source = source
        self.is_down = False
        self.requests = 0
        listening = socket.socket()
        listening.bind(("127.0.0.1", 0))
        listening.listen()  # from here on a client may connect
        self.origin = f"http://127.0.0.1:{listening.getsockname()[1]}"
        self.url = f"{self.origin}/functions/read_transcript"
        route = Route("/functions/read_transcript/{path:path}", self._answer)
        route.methods = None  # any: the function says itself which it answers
        config = uvicorn.Config(Starlette(routes=[route]), log_level="error", lifespan="off")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [listening]})
        self._thread.start()

    def link(self, session_id: str = SESSION, lifetime_s: int = 3600) -> str:
        """The address of a session's page."""
        return write_link(LINK_KEY, self.url, session_id, int(time.time()), lifetime_s)

    def read(self, event: Json) -> Json:
        """What the function returns for an event."""
        return read_once(self.source, event)

    def close(self) -> None:
        self._server.should_exit = True
        self._server.force_exit = True
        self._thread.join()

    async def _answer(self, request: Request) -> Response:
        self.requests += 1
        if self.is_down:
            return Response(status_code=502)
        event = await read_event(request)
        return write_answer(await run_in_threadpool(self.read, event), request.method)
