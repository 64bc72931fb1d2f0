"""News of one sentence put together, in whatever order and however often it comes."""

from __future__ import annotations

import msgspec

from shared.transcripts.records import SentenceNews, Words


def merge_sentence(known: SentenceNews | None, new: SentenceNews) -> SentenceNews:
    """What both tell of a sentence; `known` itself when `new` tells nothing new.

    Of two texts in one language the later event's wins. Any order and any repetition lead to
    the same result, so several processes may merge at once. `version` stays the known one.
    """
    if known is None:
        return new
    merged = msgspec.structs.replace(
        known,
        said=_choose(known.said, new.said),
        translations=_join(known.translations, new.translations),
        opaque=max(known.opaque, new.opaque),
        opaque_ms=max(known.opaque_ms, new.opaque_ms),
    )
    return known if merged == known else merged


def _join(known: dict[str, Words], new: dict[str, Words]) -> dict[str, Words]:
    joined = dict(known)
    for language, words in new.items():
        joined[language] = max(words, joined.get(language, words))
    return dict(sorted(joined.items()))


def _choose(known: Words | None, new: Words | None) -> Words | None:
    if known is None or new is None:
        return known or new
    return max(known, new)
