"""What a callback tells of a sentence, under each of the names that it may have.

Of 1403 and 1404 no published document has a field list, so the names are a switch (CloudWords): like
those of 903, or as Tencent's own clients of the same service have them.
"""

from collections.abc import Mapping

from local.cloud.assumed import Sentence, describe_sentence, describe_translation
from local.cloud.captions import Json, write_web_words
from local.cloud.config import CloudWords
from local.cloud.state import Task

# What RobotId and Payload of EventInfo are called. 1401, which is documented, always has these.
DOCUMENTED_NAMES = ("RobotId", "Payload")
NAMES: Mapping[CloudWords, tuple[str, str]] = {
    "like_903": DOCUMENTED_NAMES,
    "web": ("robotid", "payload"),
    "ios": ("transcriberRobotId", "Payload"),
}


def describe_words(
    words: CloudWords, task: Task, sentence: Sentence, translations: Mapping[str, str], now_ms: int
) -> tuple[Json, Json]:
    """The payload, and what stands beside it in EventInfo; `translations` are of one language at most."""
    if task.service == "cloud" and words == "web":
        payload = write_web_words(task, sentence, translations, end=True)
        return payload, {"sender": sentence.user_id}
    if task.service == "cloud" and words == "ios":
        return _write_ios_words(sentence, translations, now_ms), {}
    for language, text in translations.items():
        return describe_translation(sentence, language, text), {}
    return describe_sentence(sentence), {}


def _write_ios_words(sentence: Sentence, translations: Mapping[str, str], now_ms: int) -> Json:
    """Source: TXLiteAVSDK, AITranscriberManager.h (2025), TranscriberMessage."""
    return {
        "segmentId": sentence.round_id,
        "speakerUserId": sentence.user_id,
        "sourceText": sentence.text,
        "translationTexts": dict(translations),
        "timestamp": now_ms,
        "isCompleted": True,
    }
