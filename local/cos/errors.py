"""Errors of COS: their codes, statuses and messages.

Source: "Error Codes", COS document 436/7730; the messages are COS's where a document or an SDK has them.
"""

from http import HTTPStatus

CODES: dict[str, tuple[HTTPStatus, str]] = {
    "AccessDenied": (HTTPStatus.FORBIDDEN, "Access Denied."),
    "BadDigest": (HTTPStatus.BAD_REQUEST, "The Content-MD5 you specified did not match."),
    "EntityTooLarge": (HTTPStatus.BAD_REQUEST, "The object is larger than COS takes in one PUT."),
    "FileAlreadyExists": (HTTPStatus.CONFLICT, "The object exists, and may not be overwritten."),
    "InternalError": (HTTPStatus.INTERNAL_SERVER_ERROR, "Internal server error."),
    "InvalidAccessKeyId": (
        HTTPStatus.FORBIDDEN,
        "The Access Key Id you provided does not exist in our records.",
    ),
    "InvalidArgument": (HTTPStatus.BAD_REQUEST, "Invalid argument."),
    "InvalidDigest": (HTTPStatus.BAD_REQUEST, "The Content-MD5 you specified is not valid."),
    "InvalidRange": (
        HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
        "The requested range is not satisfiable.",
    ),
    "InvalidURI": (HTTPStatus.BAD_REQUEST, "The specified URI is not valid."),
    "KeyTooLong": (HTTPStatus.BAD_REQUEST, "The key is longer than 850 bytes."),
    "MethodNotAllowed": (
        HTTPStatus.METHOD_NOT_ALLOWED,
        "The specified method is not allowed against this resource.",
    ),
    "MissingContentLength": (
        HTTPStatus.LENGTH_REQUIRED,
        "You must provide the Content-Length HTTP header.",
    ),
    "NoSuchBucket": (HTTPStatus.NOT_FOUND, "The specified bucket does not exist."),
    "NoSuchKey": (HTTPStatus.NOT_FOUND, "The specified key does not exist."),
    "NotModified": (HTTPStatus.NOT_MODIFIED, ""),
    "PreconditionFailed": (
        HTTPStatus.PRECONDITION_FAILED,
        "At least one of the preconditions you specified did not hold.",
    ),
    "RequestTimeTooSkewed": (
        HTTPStatus.FORBIDDEN,
        "The difference between the request time and the server's time is too large.",
    ),
    "ServiceUnavailable": (HTTPStatus.SERVICE_UNAVAILABLE, "Please reduce your request rate."),
    "SignatureDoesNotMatch": (
        HTTPStatus.FORBIDDEN,
        "The Signature you specified is invalid.",
    ),
    "SlowDown": (HTTPStatus.SERVICE_UNAVAILABLE, "Reduce your request rate."),
}


class CosError(Exception):
    """An answer of COS that is no success; `headers` come with it."""

    def __init__(self, code: str, message: str = "", headers: dict[str, str] | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.status, usual = CODES[code]
        self.message = message or usual
        self.headers = headers or {}
