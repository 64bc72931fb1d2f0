"""Where function URLs lead: to the function whose trigger has that id, while it is open to everybody."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from local.host.app import Host
from local.host.function_url import write_json
from local.host.routes import METHODS, answer_url
from local.scf.functions import Function, Functions
from local.scf.trigger_actions import URL_PATH
from local.scf.triggers import Trigger


class FunctionUrls:
    """The routes of all function URLs; what SCF answers where there is none is unverified."""

    def __init__(self, functions: Functions, host: Host) -> None:
        self._functions = functions
        self._host = host

    @property
    def routes(self) -> list[BaseRoute]:
        return [
            Route(URL_PATH + "/{url_id}", self._answer, methods=METHODS),
            Route(URL_PATH + "/{url_id}/{path:path}", self._answer, methods=METHODS),
        ]

    async def _answer(self, request: Request) -> Response:
        found = self._find(request.path_params["url_id"])
        if found is None or not self._host.has(found[0].name):
            return write_json({"error": "there is no such function URL"}, 404)
        function, trigger = found
        if not trigger.answers:
            return write_json({"error": "this function URL is not open to everybody"}, 403)
        return await answer_url(self._host, function.name, request)

    def _find(self, url_id: str) -> tuple[Function, Trigger] | None:
        for function in self._functions.list_all():
            for trigger in function.triggers.values():
                if trigger.kind == "http" and trigger.url_id == url_id:
                    return function, trigger
        return None
