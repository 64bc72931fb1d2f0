"""Which room ids and user ids TRTC has.

Source: the client SDK's reference of `roomId` (1 to 4294967294) and `strRoomId` (TRTCParams), and the
UserSig documents.
"""

import re
import string

NUMERIC = 0
MAX_NUMBER = 2**32 - 2
MAX_STRING_BYTES = 64
CHARACTERS = frozenset(string.ascii_letters + string.digits + " !#$%&()+-:;<=.>?@[]^_{}|~,")

_DECIMAL = re.compile(r"[1-9][0-9]{0,9}", re.ASCII)
_USER_ID = re.compile(r"[A-Za-z0-9_-]{1,32}", re.ASCII)

# What Tencent's clients call their own transcribers. Source: trtc-sdk-v5 5.17.1 and AITranscriberManager.h.
_CLIENT_TRANSCRIBER = re.compile(r"transcriber_.*_robot_.*", re.DOTALL)


def complain_room_id(room_id: str, room_id_type: int) -> str | None:
    """What is wrong with a room id of that type, or None."""
    if room_id_type == NUMERIC:
        good = _DECIMAL.fullmatch(room_id) and int(room_id) <= MAX_NUMBER
        return None if good else f"must be a whole number from 1 to {MAX_NUMBER}"
    # The characters are ASCII: as many bytes as characters.
    good = 1 <= len(room_id) <= MAX_STRING_BYTES and CHARACTERS.issuperset(room_id)
    return None if good else f"must be 1 to {MAX_STRING_BYTES} of TRTC's 89 characters"


def complain_user_id(value: object) -> str | None:
    """What is wrong with a UserId, or None."""
    good = isinstance(value, str) and _USER_ID.fullmatch(value)
    return None if good else "must be 1 to 32 letters, digits, _ and -"


def name_client_transcriber(room_id: str, user_id: str) -> str:
    """The bot of a transcriber that a user's client starts by itself."""
    return f"transcriber_{room_id}_robot_{user_id}"


def is_client_transcriber(user_id: str) -> bool:
    """Whether a UserId is the default one of such a bot."""
    return _CLIENT_TRANSCRIBER.fullmatch(user_id) is not None
