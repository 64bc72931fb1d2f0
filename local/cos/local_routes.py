"""`/_local/cos`: how to reach the endpoint, and the bucket's files for a browser."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from local.cloud.arguments import read_query_number, refusing
from local.cos.config import CosConfig
from local.cos.objects import Objects, StoredObject

MOST_LISTED = 200
# A file may be any page: it runs nothing, loads nothing, and is of no origin.
SAFELY = {
    "content-security-policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
}


class CosRoutes:
    """The routes of an endpoint that answers at `domain`, which is host:port."""

    def __init__(self, config: CosConfig, objects: Objects, domain: str) -> None:
        self._config = config
        self._objects = objects
        self._domain = domain

    @property
    def routes(self) -> list[BaseRoute]:
        return [
            Route("/_local/cos", self._tell, methods=["GET"]),
            Route("/_local/cos/objects", refusing(self._list), methods=["GET"]),
            Route("/_local/cos/objects/{key:path}", self._read, methods=["GET"]),
        ]

    async def _tell(self, _request: Request) -> Response:
        """What a client of COS is made with."""
        config, key = self._config, self._config.credentials[0]
        return JSONResponse(
            {
                "region": config.region,
                "bucket": config.bucket,
                "domain": self._domain,
                "secret_id": key.secret_id,
                "secret_key": key.secret_key,
            }
        )

    async def _list(self, request: Request) -> Response:
        """The newest objects, newest first: at most `?limit=`."""
        limit = read_query_number(request, "limit") or MOST_LISTED
        newest = sorted(self._objects.list(), key=lambda one: one.modified_at_ms, reverse=True)
        return JSONResponse({"objects": [_describe(one) for one in newest[:limit]]})

    async def _read(self, request: Request) -> Response:
        """An object's bytes."""
        stored = self._objects.find(request.path_params["key"])
        if stored is None:
            return JSONResponse({"error": "there is no such object"}, 404)
        headers = {**SAFELY, "content-type": stored.content_type}
        return Response(self._objects.read(stored), headers=headers)


def _describe(stored: StoredObject) -> dict[str, object]:
    return {
        "key": stored.key,
        "size": stored.size,
        "last_modified": stored.modified_at_ms,
        "content_type": stored.content_type,
    }
