"""The settings of the tests' own deployment, and an instance that has not served anything yet."""

from __future__ import annotations

from shared import entry, resources, scf, traffic
from shared.ledger import close_ledgers

SDK_APP_ID = 1400000000
SDK_SECRET_KEY = "test-sdk-secret-key"
CALLBACK_KEY = "testCallbackKey"
SETTINGS = {
    "TRTC_SDK_APP_ID": str(SDK_APP_ID),
    "TRTC_SDK_SECRET_KEY": SDK_SECRET_KEY,
    "TRTC_CALLBACK_KEY": CALLBACK_KEY,
    "TENCENT_SECRET_ID": "test-secret-id",
    "TENCENT_SECRET_KEY": "test-secret-key",
}


def forget_instance() -> None:
    """Become a new instance: nothing kept from earlier invocations."""
    scf._instance["cold"] = True  # noqa: SLF001  only a new process sets it otherwise
    entry.read_own_settings.cache_clear()
    resources.open_client.cache_clear()
    resources.open_strangers.cache_clear()
    close_ledgers()
    traffic.COUNTS.__init__()  # type: ignore[misc]  # nothing counted


CONTEXT = {
    "request_id": "request-1",
    "function_name": "trtc_callback",
    "function_version": "$LATEST",
    "memory_limit_in_mb": 64,
}
