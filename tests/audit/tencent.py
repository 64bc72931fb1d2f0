"""What detect-secrets does not know: how a SecretId of Tencent Cloud looks."""

from __future__ import annotations

import re

from detect_secrets.plugins.base import RegexBasedDetector


class TencentSecretIdDetector(RegexBasedDetector):
    """Finds SecretIds, permanent and temporary ones; a key beside it is found by its entropy.

    Source: Tencent Cloud documentation, CAM, access keys: AKID and 32 letters and digits.
    """

    secret_type = "Tencent Cloud SecretId"
    denylist = (re.compile(r"\bAKID[A-Za-z0-9_-]{32,100}"),)
