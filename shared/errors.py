"""Every error Roomscribe raises on purpose: a code that is safe to tell, and its HTTP status."""

from __future__ import annotations

from collections.abc import Sequence

# The SDK's code; a dot and the cause follow: TimeoutError for an API that hangs, UnknownHost, …
NETWORK = "ClientNetworkError"


class RoomscribeError(Exception):
    """Something a caller or an operator can act on; `code` is safe to log and to answer with."""

    code = "roomscribe"
    http_status = 500


class MistakesError(RoomscribeError):
    """Something that people write is wrong; `problems` are all of its mistakes at once."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__(f"{self.code}: " + "; ".join(self.problems))


class SettingsError(MistakesError):
    """The environment is incomplete or malformed; each of `problems` names the settings concerned."""

    code = "settings"


class RulesError(MistakesError):
    """The rules are wrong; each of `problems` names file, rule and key."""

    code = "rules"


class RequestError(RoomscribeError):
    """An HTTP request or console event that cannot be read; the text says what to send instead."""

    code = "bad_request"
    http_status = 400


class MethodError(RequestError):
    """The HTTP method is not the one this function answers."""

    code = "method_not_allowed"
    http_status = 405


class TooLargeError(RequestError):
    """The HTTP body is larger than any TRTC callback."""

    code = "too_large"
    http_status = 413


class CallbackError(RoomscribeError):
    """The body is not a TRTC callback."""

    code = "not_a_callback"
    http_status = 400


class SignatureError(RoomscribeError):
    """The callback does not prove that it comes from TRTC: Sign, SdkAppId or age; `refusal` says which."""

    code = "unauthorized"
    http_status = 401

    def __init__(self, reason: str, refusal: str, clock_off_ms: int | None = None) -> None:
        self.refusal, self.clock_off_ms = refusal, clock_off_ms
        super().__init__(reason)


class LedgerError(RoomscribeError):
    """The ledger cannot be read or written now."""

    code = "ledger"
    http_status = 503


class UnreadableError(LedgerError):
    """One record of the ledger, or all of it, cannot be read; the rest of it may be well."""


class NewerError(UnreadableError):
    """It cannot be read because a newer version of Roomscribe wrote it; nothing of it may be changed."""

    def __init__(self, place: str = "the ledger") -> None:
        super().__init__(
            f"LEDGER_URL: {place} was written by a newer version of Roomscribe; "
            "finish the deploy of that version, or put its package back"
        )


class ArchiveError(RoomscribeError):
    """The archive did not do what was asked.

    The text names the archive, and the store's own error code and RequestId where there is one; it
    never has a secret or content in it.
    """

    code = "archive"
    http_status = 503


class NotSharedError(RoomscribeError):
    """What was asked needs a ledger that all instances share, and this one is not."""

    code = "ledger_not_shared"
    http_status = 503


class BugError(RoomscribeError):
    """Something went wrong that nobody expected; the log says where."""

    code = "bug"

    def __init__(self) -> None:
        super().__init__("see the function's log")


class ApiError(RoomscribeError):
    """A Tencent Cloud API call failed.

    `code` is Tencent's error code, or the SDK's `ServerNetworkError`, or `ClientNetworkError` and its cause.
    `request_id` is "" when no answer arrived. `may_have_happened` is True when the request may
    have taken effect although no answer says so.
    """

    http_status = 503

    def __init__(
        self, code: str, message: str = "", request_id: str = "", *, may_have_happened: bool = False
    ) -> None:
        self.code = code
        self.message = message
        self.request_id = request_id
        self.may_have_happened = may_have_happened
        super().__init__(f"{code} (RequestId {request_id or 'none'})")
