"""Which language a text is in, and which texts of a sentence somebody wants to read."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from shared.errors import RequestError
from shared.transcripts.records import Sentence

MAX_LANGUAGES = 4
SPOKEN = "spoken"  # asks for each sentence in the language in which it was said
ENGINE = re.compile(r"(?:bigmodel-|16k_|8k_)?([a-z]{2,3}(?:-[A-Za-z]{2,4})?)")


def read_language(engine: str) -> str:
    """The language an engine of either service hears: "bigmodel-en" → "en"; "" when it hears several."""
    match = ENGINE.fullmatch(engine)
    return match[1] if match else ""


def read_languages(text: str) -> tuple[str, ...]:
    """The languages in `en`, `en,zh` or `spoken+zh` (a plus sign arrives as a space); () for "".

    Raises RequestError.
    """
    names = [name for name in re.split(r"[,+\s]+", text) if name]
    good = all(re.fullmatch(r"[A-Za-z0-9_-]{1,35}", name) for name in names)
    if not good or len(names) > MAX_LANGUAGES:
        raise RequestError(f"lang: at most {MAX_LANGUAGES} language tags, such as en,zh")
    return tuple(dict.fromkeys(names))


def choose_texts(sentence: Sentence, languages: Sequence[str]) -> list[str]:
    """The sentence in each of the languages, a text never twice; as spoken when it is in none of them."""
    known = {SPOKEN: sentence.text, sentence.language: sentence.text, **sentence.translations}
    found = [_find_text(known, language) for language in languages]
    texts = list(dict.fromkeys(text for text in found if text))
    return texts or [sentence.text or next(iter(sentence.translations.values()))]


def _find_text(known: Mapping[str, str], language: str) -> str:
    """The text in that language; in another region's form of it when that is all there is."""
    wanted = _fold(language)
    exact = (text for name, text in known.items() if _fold(name) == wanted)
    close = (text for name, text in known.items() if _main(name) == _main(language))
    return next(exact, "") or next(close, "")


def _fold(language: str) -> str:
    return language.lower().replace("_", "-")


def _main(language: str) -> str:
    return _fold(language).partition("-")[0]
