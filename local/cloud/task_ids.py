"""TaskIds in the forms of the real service, as awkward as those come.

Source: the example answers and example values of Tencent's definitions (tccli 3.1.189.1,
trtc/v20190722): 2.0 "m9-bVVU7nhKM5X3GsED6KNGVG********ndibWSn631uT6pbhE4PcPDSsggE.", about 70 characters
of base64 with "-" for "/" and "." for "="; 1.0 "v2_20250424_" and a hundred characters more.
"""

import base64
import re
import secrets

from local.cloud.assumed import Service, write_beijing_time

# No form that a TaskId ever had is refused: 1.0's definition still shows one of 2.0's.
_WELL_FORMED = re.compile(r"[A-Za-z0-9_+/=.-]{1,256}", re.ASCII)


def make_task_id(service: Service, started_ms: int) -> str:
    """A new TaskId; one of 2.0 has a "+" in it and in two of three cases begins with "-"."""
    if service == "ai":
        return f"v2_{write_beijing_time(started_ms):%Y%m%d}_{secrets.token_urlsafe(75)}"
    middle = base64.b64encode(secrets.token_bytes(45), b"+-").decode()
    return f"{secrets.choice(('-m9', '-nE', 'm9-'))}+{middle}gE."


def complain_task_id(value: object) -> str | None:
    """What makes a TaskId malformed, or None."""
    good = isinstance(value, str) and (value == "" or _WELL_FORMED.fullmatch(value))
    return None if good else "is no TaskId"
