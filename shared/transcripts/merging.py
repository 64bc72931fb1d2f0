"""News of one sentence put together, in whatever order and however often it comes."""

from __future__ import annotations

import msgspec

from shared.transcripts.records import SentenceNews


def merge_sentence(known: SentenceNews | None, new: SentenceNews) -> SentenceNews:
    """What both tell of a sentence; `known` itself when `new` tells nothing new.

    Of two texts in one language the later event's wins. Any order and any repetition lead to
    the same result, so several processes may merge at once. `version` stays the known one.
    """
    if known is None:
        return new
    translations = dict(known.translations)
    for language, words in new.translations.items():
        translations[language] = max(words, translations.get(language, words))
    merged = msgspec.structs.replace(
        known,
        said=max((words for words in (known.said, new.said) if words), default=None),
        translations=dict(sorted(translations.items())),
        opaque=max(known.opaque, new.opaque),
        opaque_ms=max(known.opaque_ms, new.opaque_ms),
    )
    return known if merged == known else merged
