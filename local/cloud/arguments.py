"""The JSON object that a `/_local` request carries, read field by field with one clear sentence each."""

from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from local.cloud.bodies import TooLargeError, parse_json, read_body
from local.cloud.errors import RefusedError

MAX_BODY_BYTES = 1024 * 1024

Handler = Callable[[Request], Awaitable[Response]]


class Arguments:
    """Reads fields; raises RefusedError where one is missing or of another type."""

    def __init__(self, fields: Mapping[str, object]) -> None:
        self._fields = fields

    def read_text(self, name: str) -> str:
        """A string with something in it."""
        value = self._fields.get(name)
        if not isinstance(value, str) or not value:
            raise RefusedError(400, f"{name} must be a string, and not empty")
        return value

    def read_integer(self, name: str) -> int | None:
        """A whole number, None when absent."""
        value = self._fields.get(name)
        if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
            raise RefusedError(400, f"{name} must be a whole number")
        return value

    def read_switch(self, name: str) -> bool:
        """true or false."""
        value = self._fields.get(name)
        if not isinstance(value, bool):
            raise RefusedError(400, f"{name} must be true or false")
        return value

    def read_texts(self, name: str) -> dict[str, str]:
        """An object of strings, empty when absent."""
        value = self._fields.get(name)
        if value is None:
            return {}
        if not isinstance(value, dict) or not all(isinstance(v, str) for v in value.values()):
            raise RefusedError(400, f"{name} must be an object with a string for each key")
        return value

    def read_list(self, name: str) -> list[str]:
        """A list of strings, empty when absent."""
        value = self._fields.get(name)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
            raise RefusedError(400, f"{name} must be a list of strings")
        return value

    def read_room(self) -> tuple[str, int]:
        """`room_id` and `room_id_type`; without a type, a JSON number is a numeric room."""
        room_id = self._fields.get("room_id")
        if isinstance(room_id, bool) or not isinstance(room_id, int | str):
            raise RefusedError(400, "room_id must be a string or a whole number")
        room_id_type = self.read_integer("room_id_type")
        if room_id_type not in (0, 1, None):
            raise RefusedError(400, "room_id_type must be 0 (numeric) or 1 (string)")
        implied = 1 if isinstance(room_id, str) else 0
        return str(room_id), implied if room_id_type is None else room_id_type


def refusing(handler: Handler) -> Handler:
    """The handler, answering a RefusedError with its status and `{"error": sentence}`."""

    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except RefusedError as error:
            return JSONResponse({"error": error.sentence}, error.status)

    return answer


async def read_arguments(request: Request) -> Arguments:
    """The body's JSON object; no body at all is an empty one."""
    fields = await read_json(request)
    if not isinstance(fields, dict):
        raise RefusedError(400, "the body must be a JSON object")
    return Arguments(fields)


async def read_json(request: Request) -> object:
    """The body's JSON; no body at all is an empty object."""
    try:
        body = await read_body(request, MAX_BODY_BYTES)
        return parse_json(body) if body else {}
    except TooLargeError:
        raise RefusedError(413, f"the body must be at most {MAX_BODY_BYTES} bytes") from None
    except ValueError:
        raise RefusedError(400, "the body must be JSON in UTF-8") from None


def read_query_number(request: Request, name: str) -> int | None:
    """A whole number in the query string, None when absent."""
    text = request.query_params.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 10):
        raise RefusedError(400, f"?{name}= must be a whole number")
    return int(text)
