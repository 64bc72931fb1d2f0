"""`doctor --url`: callbacks that change nothing are sent to the webhook, as TRTC would send them."""

from __future__ import annotations

import json
import socket
import ssl
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import httpx

from local.doctor.clock import LARGE_SKEW_S, read_skew, write_skew
from local.doctor.finding import Finding
from local.errors import LocalError
from local.remote import Where, invoke
from shared.applications import Application
from shared.settings import Settings
from shared.signer import sign_callback

CHECK, PLACE = "webhook", "trtc-console"
UNKNOWN_EVENT = 999_999  # of no document: the function answers 200 and does nothing
TIMEOUT_S = 10.0
LIMIT_S = 5.0  # TRTC waits no longer for an answer
WRONG_KEY = "0" * 32
Body = dict[str, object]
Knowledge = Literal["known", "unknown", "not told"]
# What differs, its settings, and how to find out more, by whether the function has the application.
WRONG: Mapping[Knowledge, tuple[str, str, str]] = {
    "known": ("callback key", "TRTC_CALLBACK_KEY", ""),
    "unknown": ("SdkAppId", "TRTC_SDK_APP_ID", ""),
    "not told": (
        "callback key or SdkAppId",
        "TRTC_CALLBACK_KEY and TRTC_SDK_APP_ID",
        "; the function's log line callback.refused says which, and so does --remote beside --url",
    ),
}


class UnreachableError(Exception):
    """No HTTP answer came; the finding says why."""

    def __init__(self, text: str, remedy: str, place: str = "the-network") -> None:
        self.finding = Finding("FAIL", CHECK, text, remedy, place)
        super().__init__(text)


@dataclass(frozen=True)
class Webhook:
    """The webhook at `url`, and whom to ask which applications it knows; nobody, if `where` is None."""

    url: str
    settings: Settings
    where: Where | None
    timeout_s: float

    def send(self, application: Application, body: Body, key: str = "") -> httpx.Response:
        """Its answer to a callback, signed with the application's key or another; UnreachableError."""
        content = json.dumps(body).encode()
        headers = {
            "Content-Type": "application/json",
            "SdkAppId": str(application.sdk_app_id),
            "Sign": sign_callback(key or application.callback_key, content),
        }
        how = {"timeout": self.timeout_s, "trust_env": False}
        try:  # trusts the usual authorities alone, as TRTC does: TRTC_CA is about the API
            return httpx.post(self.url, content=content, headers=headers, **how)  # type: ignore[arg-type]
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, UnicodeError) as error:
            remedy = "give it as SCF shows it, like https://…"
            raise UnreachableError("not an address of the web", remedy, PLACE) from error
        except (httpx.TransportError, OSError) as error:
            raise explain_transport(error, self.timeout_s) from error


def check_webhook(
    url: str, settings: Settings, where: Where | None = None, *, timeout_s: float = TIMEOUT_S
) -> Iterator[Finding]:
    """Whether callbacks of each application get there, are believed, and those of others are not."""
    webhook = Webhook(url, settings, where, timeout_s)
    try:
        for application in settings.applications:
            yield from _check(webhook, application)
    except UnreachableError as error:
        yield error.finding


def _check(webhook: Webhook, application: Application) -> Iterator[Finding]:
    answer = webhook.send(application, write_callback())
    about = f"application {application.sdk_app_id}"
    error = read_code(answer)
    if error is None:
        yield explain_stranger(answer)
        return
    if answer.status_code == 401:
        yield explain_refusal(webhook, application, answer)
        return
    if answer.status_code != 200:
        text = f"{about}: the function answers {answer.status_code} {error}"
        remedy = "its log says why; `doctor --remote` checks its settings, rules and ledger"
        yield Finding("FAIL", CHECK, text, remedy, "settings")
        return
    yield explain_latency(answer, f"{about}: callback key and SdkAppId are right")
    yield explain_skew(answer, webhook.settings.callback_max_age_s)
    yield explain_forgery(webhook.send(application, write_callback(), WRONG_KEY))


def write_callback(*, with_time: bool = True) -> Body:
    """An event of no known type, in a room that nobody uses."""
    now_ms = time.time_ns() // 1_000_000
    info = {"RoomId": f"roomscribe-doctor-{uuid.uuid4().hex}", "EventMsTs": now_ms}
    sent = {"CallbackTs": now_ms} if with_time else {}
    return {"EventGroupId": 1, "EventType": UNKNOWN_EVENT, **sent, "EventInfo": info}


def read_code(answer: httpx.Response) -> str | None:
    """The word in an answer of trtc_callback, "" for none; None when it is not such an answer."""
    try:
        body = answer.json()
    except ValueError:
        return None
    if not isinstance(body, Mapping) or body.get("code") not in (0, answer.status_code):
        return None
    return str(body.get("error", ""))


def explain_transport(error: Exception, timeout_s: float) -> UnreachableError:
    """Why no answer came: the name, the way, TLS, or nobody who answers in time."""
    causes: list[BaseException] = [error]
    while cause := causes[-1].__cause__ or causes[-1].__context__:
        causes.append(cause)
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return UnreachableError("DNS: the name has no address", "copy the URL again from SCF")
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        reason = next(cause for cause in causes if isinstance(cause, ssl.SSLError)).reason
        remedy = "give the server a certificate for this name, from a public authority"
        return UnreachableError(f"TLS: the connection is refused: {reason}", remedy)
    if isinstance(error, httpx.ReadTimeout):
        text = f"connected, and no answer within {timeout_s:g} s"
        return UnreachableError(text, "the function's log says what it waits for")
    text = f"no route: {type(error).__name__}"
    return UnreachableError(text, "see that the URL is open to the internet, and its port right")


def explain_stranger(answer: httpx.Response) -> Finding:
    """Something answers that is not trtc_callback."""
    text = f"status {answer.status_code}, and not in the words of trtc_callback: another server answers, "
    text += "a gateway before it, or SCF because the function cannot run"
    remedy = "copy the URL of trtc_callback again from SCF, and look at the function's log there"
    return Finding("FAIL", CHECK, text, remedy, PLACE)


def explain_refusal(webhook: Webhook, application: Application, answer: httpx.Response) -> Finding:
    """Which of clock, SdkAppId and key it is; the function tells strangers only that it refuses."""
    about = f"application {application.sdk_app_id}: the callback is refused"
    # A callback that is believed and has no time is answered otherwise: then only its age is wrong.
    if webhook.send(application, write_callback(with_time=False)).status_code == 400:
        ahead_s = read_skew(answer)
        skew = "off" if ahead_s is None else f"{write_skew(-ahead_s)} this machine's"
        text = f"{about}, although key and SdkAppId are right: the function's clock is {skew}"
        return Finding("FAIL", CHECK, text, "set the clock that is wrong, with NTP", "credentials")
    differs, names, more = WRONG[ask_knowledge(webhook, application)]
    text = f"{about}: the function has another {differs} than these settings"
    remedy = f"set {names} as in the TRTC console, here and there, and deploy{more}"
    return Finding("FAIL", CHECK, text, remedy, PLACE)


def ask_knowledge(webhook: Webhook, application: Application) -> Knowledge:
    """Whether the function has that application; one who may invoke it is told, with no key."""
    if webhook.where is None:
        return "not told"
    event = {**write_callback(), "SdkAppId": application.sdk_app_id}
    try:
        status = invoke("trtc_callback", event, webhook.where).get("statusCode")
    except LocalError:
        return "not told"
    return "known" if status == 200 else "unknown" if status == 400 else "not told"


def explain_latency(answer: httpx.Response, text: str) -> Finding:
    """How long it took; TRTC gives up after five seconds."""
    took_s = answer.elapsed.total_seconds()
    text = f"{text}; answered in {took_s * 1000:.0f} ms"
    if took_s < LIMIT_S:
        return Finding("ok", CHECK, text)
    return Finding("FAIL", CHECK, f"{text}, and TRTC waits 5 s", "see the function's log", PLACE)


def explain_skew(answer: httpx.Response, max_age_s: int) -> Finding:
    """How far the function's clock is from this machine's, as far as a whole second tells."""
    ahead_s = read_skew(answer)
    if ahead_s is None:
        return Finding(
            "ok", CHECK, f"clock: at most {max_age_s} s off, as the callback is believed"
        )
    text = f"clock: {write_skew(-ahead_s)} this machine's"
    if abs(ahead_s) < LARGE_SKEW_S:
        return Finding("ok", CHECK, text)
    return Finding("warn", CHECK, text, "set the clock that is wrong, with NTP", "credentials")


def explain_forgery(answer: httpx.Response) -> Finding:
    """Whether a callback with a wrong Sign is turned away."""
    if answer.status_code in (401, 403):
        return Finding("ok", CHECK, f"a wrong Sign is refused with {answer.status_code}")
    text = (
        f"a wrong Sign is answered {answer.status_code}: whoever knows the URL can forge callbacks"
    )
    return Finding("FAIL", CHECK, text, "deploy trtc_callback of this version there", PLACE)
