"""The TRTC applications that the settings name: one in three variables, or several in TRTC_APPS."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from msgspec import Struct

from shared.setting_texts import list_faults, strip_text

ONE_APP = {
    "sdk_app_id": "TRTC_SDK_APP_ID",
    "secret_key": "TRTC_SDK_SECRET_KEY",
    "callback_key": "TRTC_CALLBACK_KEY",
}
MAX_APP_ID = 2**32 - 1
CALLBACK_KEYS = r"[A-Za-z0-9]{1,32}(,[A-Za-z0-9]{1,32})?"  # "new,old": no key has a comma


class Application(Struct, frozen=True):
    """One TRTC application; `secret_key` signs UserSigs, `callback_key` or the old one (or "") callbacks."""

    sdk_app_id: int
    secret_key: str
    callback_key: str
    old_callback_key: str = ""

    def __repr__(self) -> str:
        return f"Application({self.sdk_app_id})"


def read_applications(environ: Mapping[str, str], problems: list[str]) -> tuple[Application, ...]:
    """Every application; what is wrong with one is added to `problems`, by the name it has there."""
    text = environ.get("TRTC_APPS")
    if text:
        rows = {f"TRTC_APPS[{i}].": row for i, row in enumerate(_parse_apps(text, problems))}
    else:
        rows = {"": {key: environ.get(name, "") for key, name in ONE_APP.items()}}
    read = [_read_application(row, place, problems) for place, row in rows.items()]
    apps = tuple(app for app in read if app)
    if len({app.sdk_app_id for app in apps}) < len(apps):
        problems.append("TRTC_APPS: the same sdk_app_id stands there twice")
    keys = [key for app in apps for key in {app.callback_key, app.old_callback_key} if key]
    if len(set(keys)) < len(keys):
        problems.append(
            "TRTC_APPS: two applications have the same callback_key; give each its own, because the "
            "SdkAppId header of a callback is not signed"
        )
    return apps


def _parse_apps(text: str, problems: list[str]) -> list[dict[str, object]]:
    try:
        rows = json.loads(text)
    except (ValueError, RecursionError):
        rows = None
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        problems.append(
            "TRTC_APPS: must be a JSON list like "
            '[{"sdk_app_id": 1400000000, "secret_key": "…", "callback_key": "…"}]'
        )
        return []
    return rows


def _read_application(
    row: Mapping[str, object], place: str, problems: list[str]
) -> Application | None:
    names = {key: place + key if place else name for key, name in ONE_APP.items()}
    texts = {name: strip_text(str(row.get(key) or "")) for key, name in names.items()}
    app_id, secret_key, callback_key = texts.values()
    found = [f"{name}: not set; copy it from the TRTC console" for name in texts if not texts[name]]
    for key in callback_key.split(","):  # one after the other: a good key does not hide a bad one
        found += list_faults({**texts, names["callback_key"]: key})
    if app_id and not (re.fullmatch(r"[1-9][0-9]{0,9}", app_id) and int(app_id) <= MAX_APP_ID):
        found.append(
            f"{names['sdk_app_id']}: must be a whole number like 1400000000, at most {MAX_APP_ID}"
        )
    if callback_key and not re.fullmatch(CALLBACK_KEYS, callback_key):
        found.append(
            f"{names['callback_key']}: must be 1 to 32 letters and digits, as the TRTC console allows, "
            'or two such keys, "new,old"'
        )
    found += [f"{place}{ascii(key)[1:-1]}: unknown key" for key in row if key not in ONE_APP]
    problems += dict.fromkeys(found)
    new, _, old = callback_key.partition(",")
    return None if found else Application(int(app_id), secret_key, new, old)
