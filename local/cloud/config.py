"""What an emulator is made with: applications, credentials, limits, and switches for the unknown."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from local.cloud.assumed import QUOTA_CODES, Service, Site
from local.errors import LocalError

SameBot = Literal["replace", "refuse", "both"]
StartNeeds = Literal["nothing", "room", "anchor"]
RoomDataPackage = Literal["paid", "none"]
CloudWords = Literal["like_903", "web", "ios"]
Wanting = Literal["present", "microphone"] | None
# (SdkAppId, room id, room id type, user id) → when that person is to be transcribed:
# while in the room, while the microphone is on, or never.
Wanted = Callable[[int, str, int, str], Wanting]


def want_everyone(_sdk_app_id: int, _room_id: str, _room_id_type: int, _user_id: str) -> Wanting:
    """The rule when there are no rules: everyone, for as long as they are in the room."""
    return "present"


@dataclass(frozen=True)
class Application:
    """A TRTC application; without a callback key its callbacks go out unsigned, as at TRTC."""

    sdk_app_id: int
    secret_key: str = field(repr=False)
    callback_key: str = field(repr=False)
    same_bot: SameBot | None = None  # where it is not to be as in CloudConfig; so the next one
    bots_hold_rooms: bool | None = None
    start_needs: StartNeeds | None = None
    dismissal_ends_tasks: bool | None = None
    lookup_lag_ms: int | None = None


@dataclass(frozen=True)
class CloudConfig:
    """Everything that can be chosen about the emulator."""

    applications: tuple[Application, ...]
    secret_id: str
    secret_key: str = field(repr=False)
    token: str | None = field(default=None, repr=False)
    callback_url: str | None = None
    # Source: StartAITranscription and CreateCloudTranscription documents; quota: doc 647/129975.
    starts_per_s_ai: int = 50
    starts_per_s_cloud: int = 20
    # 1.0's Describe may be called 50 times a second in China: who keeps to 20 keeps to both.
    describes_per_s: int = 20
    stops_per_s: int = 20
    task_quota: int = 100
    # 2.0: what a second task with the bot UserId of a running one does to the first, or to itself.
    same_bot: SameBot = "replace"
    bots_hold_rooms: bool = False  # whether a bot alone keeps a room open
    dismissed_room_id: Literal["same", "string"] = "same"  # RoomId in 102 of a numeric room
    preparing_ms: int = 200  # 1.0: Preparing before InProgress
    idle_ms: int = 200  # 2.0: Idle before InProgress
    # 1.0: Describe answers the TaskId, which one needs who asks by SessionId. The definitions leave it
    # out of the official example, and say that it may be missing.
    session_query_names_task: bool = True
    cleaning_ms: int = 1000  # 1.0: Stopped, still holding its SessionId, before it is gone
    idle_stops: bool = True  # False: the server forgets to end tasks that nobody needs any more
    leave_code: Literal["always", "ai", "never"] = "always"  # which of 902 and 1402 carries one
    # 2.0: a start is refused unless the room is open, or somebody whom the task may hear is in it.
    # Source: codes -102005 and -102009 of the same backend, as Tencent's client SDKs know them.
    start_needs: StartNeeds = "nothing"
    dismissal_ends_tasks: bool = True  # Source: LeaveCodes 2 and 4 of 902
    lookup_lag_ms: int = 0  # 2.0: how long a new task is not found by Describe and Delete
    bots_are_told: bool = True  # whether 103, 104 and DescribeUserInfo tell of bots, too
    # Whether the account has the package that DescribeRoomInfo and DescribeUserInfo need, and how long it
    # takes until they tell of something: no document says it.
    room_data: RoomDataPackage = "paid"
    room_data_delay_ms: int = 0
    site: Site = "both"  # whose regions and parameters the API has
    quota_code_cloud: str = QUOTA_CODES["cloud"][0]  # one of QUOTA_CODES; so the next
    quota_code_ai: str = QUOTA_CODES["ai"][0]
    cloud_words: CloudWords = "like_903"  # 2.0: names in 1402 to 1404; no document has them
    wanted: Wanted = want_everyone

    def __post_init__(self) -> None:
        for service, known in QUOTA_CODES.items():
            if self.find_quota_code(service) not in known:
                raise LocalError(f"quota_code_{service} must be one of {', '.join(known)}")

    def switch(self, sdk_app_id: int, name: str) -> Any:
        """A switch as it is for an application."""
        application = next(one for one in self.applications if one.sdk_app_id == sdk_app_id)
        own = getattr(application, name)
        return getattr(self, name) if own is None else own

    def find_quota_code(self, service: Service) -> str:
        """What a start answers when the quota is used up."""
        return self.quota_code_cloud if service == "cloud" else self.quota_code_ai

    @classmethod
    def from_environ(cls, environ: Mapping[str, str], **overrides: Any) -> "CloudConfig":
        """Roomscribe's own settings read from the other side; raises LocalError naming what is wrong.

        Credentials: TENCENTCLOUD_SECRETID, …SECRETKEY, …SESSIONTOKEN, else TENCENT_SECRET_ID, …KEY,
        TENCENT_TOKEN. Applications: TRTC_APPS, else TRTC_SDK_APP_ID, TRTC_SDK_SECRET_KEY,
        TRTC_CALLBACK_KEY. Limits: STARTS_PER_S_AI, STARTS_PER_S_CLOUD, TASK_QUOTA.
        """
        secret_id, secret_key, token = _read_credentials(environ)
        config = cls(_read_applications(environ), secret_id, secret_key, token)
        limits = {name: _read_limit(environ, name.upper()) for name in _LIMITS}
        given = {name: value for name, value in limits.items() if value is not None}
        return replace(config, **{**given, **overrides})


_LIMITS = ("starts_per_s_ai", "starts_per_s_cloud", "task_quota")


def _read_credentials(environ: Mapping[str, str]) -> tuple[str, str, str | None]:
    if environ.get("TENCENTCLOUD_SECRETID"):
        names = ("TENCENTCLOUD_SECRETID", "TENCENTCLOUD_SECRETKEY", "TENCENTCLOUD_SESSIONTOKEN")
    else:
        names = ("TENCENT_SECRET_ID", "TENCENT_SECRET_KEY", "TENCENT_TOKEN")
    return _read(environ, names[0]), _read(environ, names[1]), environ.get(names[2]) or None


def _read_applications(environ: Mapping[str, str]) -> tuple[Application, ...]:
    if environ.get("TRTC_APPS"):
        return _parse_applications(environ["TRTC_APPS"])
    text = _read(environ, "TRTC_SDK_APP_ID")
    if not (text.isascii() and text.isdigit()):
        raise LocalError(f"TRTC_SDK_APP_ID must be a number, not {text[:32]!r}")
    return (
        Application(
            int(text),
            _read(environ, "TRTC_SDK_SECRET_KEY"),
            _choose_key(environ.get("TRTC_CALLBACK_KEY", "")),
        ),
    )


def _parse_applications(text: str) -> tuple[Application, ...]:
    try:
        return tuple(
            Application(
                int(a["sdk_app_id"]),
                str(a["secret_key"]),
                _choose_key(str(a.get("callback_key", ""))),
            )
            for a in json.loads(text)
        )
    except (ValueError, TypeError, KeyError, AttributeError):
        # `from None`: the parser's message could quote the keys.
        raise LocalError(
            "TRTC_APPS must be a JSON list of {sdk_app_id, secret_key, callback_key}"
        ) from None


def _choose_key(text: str) -> str:
    """The key that signs callbacks, of "new,old" the new one."""
    return text.partition(",")[0].strip()


def _read_limit(environ: Mapping[str, str], name: str) -> int | None:
    text = environ.get(name)
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise LocalError(f"{name} must be a number greater than 0, not {text[:32]!r}")
    return int(text)


def _read(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name)
    if not value:
        raise LocalError(f"{name} is missing: the local cloud needs it to check requests")
    return value
