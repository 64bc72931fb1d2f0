"""A function that does nothing: what the interpreter and the platform's own imports cost."""

from typing import Any


def main_handler(_event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer."""
    return {"isBase64Encoded": False, "statusCode": 200, "headers": {}, "body": "{}"}
