"""Whether the API at the functions' site takes what a service table of rules.toml says.

Source of what each site's documents list, and of what one site has narrower: docstrings of the official
SDKs 3.1.177 (China) and 3.1.193 (international), and the API documents of product 647, 2026-11. 1.0 needs
no region in China: any that the product has may stand there.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import get_args

import msgspec

from shared.services.parameters import KEYS, UNSENT, Parameters, Value
from shared.services.service import SERVICES, convert_value
from shared.site import Site

Problem = tuple[str, str]  # a key, and what is wrong with its value
HOT_WORDS_MAX = {"cloud": 128, "ai": 300}
HOT_WORD = re.compile(r"([^|,]+)\|(100|1[01]|[1-9])")

REGIONS: dict[tuple[str, Site], str] = {
    ("cloud", "international"): "ap-guangzhou ap-hongkong ap-singapore",
    ("cloud", "china"): "ap-beijing ap-guangzhou ap-hongkong ap-shanghai",
    ("cloud", "unknown"): "ap-beijing ap-guangzhou ap-hongkong ap-shanghai ap-singapore",
    ("ai", "international"): "ap-guangzhou ap-singapore ap-tokyo na-siliconvalley",
}
ALL_REGIONS = f"{REGIONS['cloud', 'unknown']} ap-tokyo na-siliconvalley"
_BIG_MODELS = (
    "zh en yue ar de fr es pt id it ko ru th vi ja tr hi ms nl sv da fi pl cs fil fa el hu mk ro"
)
BIG_MODELS = " ".join(f"bigmodel-{language}" for language in _BIG_MODELS.split())
STANDARD = "16k_zh_large 16k_zh_en"
ADVANCED = "vi ja ko id th pt tr ar es hi fr ms fil de it ru sv da no"
TARGETS = "zh en vi ja ko id th pt ar es fr ms de it ru"

# 2.0: the engines that can do what a key asks for.
ENGINES = {
    "alternative_languages": f"zh-yue {ADVANCED}".split(),
    **dict.fromkeys(("filter_dirty", "filter_modal", "filter_punc"), STANDARD.split()),
}
# The other site takes more; and what it has not at all.
LARGEST = {("cloud", "china", "vad_level"): 1, ("cloud", "china", "send_custom_mode"): 1}
ABSENT = {
    ("ai", "international"): [
        "target_user_ids",
        "im_admin_user_id",
        "model",
        "translation_language",
    ]
}


def check_parameters(
    service: str, parameters: Parameters, site: Site, *, needed: bool = True
) -> list[Problem]:
    """What is wrong with `parameters`; what is missing only where the service is `needed`."""
    lists = {} if parameters.get("allow_unlisted") else list_values(service, site)
    problems = [
        problem
        for key, value in parameters.items()
        for problem in _check_key(service, key, value, site, lists)
    ]
    problems += _find_missing(service, parameters, site) if needed else ()
    if service == "cloud" and not problems:
        problems += _check_cloud(parameters)
    return problems


def list_values(service: str, site: Site) -> dict[str, list[str]]:
    """The listed values of each key that has a list ("tts.model": in a table); of both sites if unknown."""
    if service == "cloud":
        targets = TARGETS if site == "international" else f"{TARGETS} yue"
        lists = {
            "language": f"{BIG_MODELS} {STANDARD} zh-yue {ADVANCED}",
            "alternative_languages": ADVANCED,
            "translate_to": targets,
            "terminologies.target_lang": targets,
            "tts.model": "flow_02_turbo",
        }
    else:
        lists = {
            "language": f"zh 8k_zh_large {STANDARD} zh-dialect zh-yue {ADVANCED}",
            "alternative_languages": f"zh zh-yue {ADVANCED}",
            "translation_language": f"zh en {ADVANCED}",
            "translate_to": TARGETS,
            "tts.model": "flow_01_turbo flow_01_ex",
        }
    lists["region"] = REGIONS.get((service, site), ALL_REGIONS)
    return {key: words.split() for key, words in lists.items()}


def suggest_name(wrong: str, names: Iterable[str]) -> str:
    """Which of the names may have been meant."""
    import difflib  # only when something is wrong

    close = difflib.get_close_matches(wrong, list(names), 1)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(names)}"


def _check_key(
    service: str, key: str, value: Value, site: Site, lists: Mapping[str, Sequence[str]]
) -> Iterator[Problem]:
    at_site = "of either site" if site == "unknown" else f"of the {site} site (TRTC_ENDPOINT)"
    largest = LARGEST.get((service, site, key), math.inf)
    if key not in UNSENT and key not in KEYS[service]:
        yield key, f"unknown key; {suggest_name(key, (*UNSENT, *KEYS[service]))}"
        return
    if key in ABSENT.get((service, site), ()):
        yield key, f"the API {at_site} has no such parameter; take it out"
        return
    try:
        _check_form(service, key, value)
        msgspec.convert(convert_value(key, value), _find_type(service, key))
    except msgspec.ValidationError as error:
        yield _name_place(key, str(error))
        return
    except (TypeError, ValueError) as error:
        yield key, str(error)
        return
    if isinstance(value, int) and value > largest:
        yield key, f"the API {at_site} takes at most {largest}"
    for path, listed in lists.items():
        name, _, inner = path.partition(".")
        for item in (value if isinstance(value, list) else [value]) if name == key else ():
            given = item.get(inner) if inner else item
            if given and given not in listed:
                known = ", ".join(listed) if key == "region" else suggest_name(given, listed)
                hint = "(allow_unlisted = true lets it pass)"
                yield path, f"{given!r} is in no list {at_site}: {known} {hint}"


def _find_missing(service: str, parameters: Parameters, site: Site) -> Iterator[Problem]:
    if service == "cloud" and "language" not in parameters:
        yield "language", "is missing; CreateCloudTranscription needs one, such as 'bigmodel-en'"
    if not parameters.get("region") and (service == "cloud" or site == "international"):
        yield "region", f"is missing; one of {', '.join(list_values(service, site)['region'])}"
    for key in ("translation_mode", "tts", "terminology"):
        if key in parameters and "translate_to" not in parameters:
            yield key, "needs translate_to"


def _check_cloud(parameters: Parameters) -> Iterator[Problem]:
    """2.0: what the engine of the language can do, and whom a voice reads out."""
    engine = parameters.get("language")
    for key, engines in ({} if parameters.get("allow_unlisted") else ENGINES).items():
        if parameters.get(key) and engine and engine not in engines:
            yield key, f"the engine {engine!r} cannot do that; {', '.join(engines)} can"
    for voice in convert_value("tts", parameters.get("tts", [])):
        language, user = voice["Language"], voice["TargetUser"]["UserId"]
        if language not in parameters.get("translate_to", []):
            yield "tts.language", f"{language!r} is not in translate_to"
        if user not in parameters.get("subscribe", []) or user in parameters.get("unsubscribe", []):
            yield "tts.target_user", f"{user!r} must be in subscribe, and not in unsubscribe"


def _check_form(service: str, key: str, value: Value) -> None:
    """Raise TypeError or ValueError for what the request's model does not see."""
    if value is None:
        raise TypeError("must not be null")
    if key != "hot_words":
        return
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise TypeError('must be a list like ["Roomscribe|10"]')
    if not 1 <= len(value) <= HOT_WORDS_MAX[service]:
        raise ValueError(f"must hold 1 to {HOT_WORDS_MAX[service]} words")
    for word in value:
        found, spaced = HOT_WORD.fullmatch(word), service == "cloud" and re.search(r"\s", word)
        if not found or spaced or len(found[1].encode()) > 30:
            raise ValueError(
                f"{word!r} must be 'word|weight': at most 30 letters or 10 Chinese characters, "
                "weight 1 to 11 or 100; in 2.0 without a space"
            )


def _find_type(service: str, key: str) -> Value:
    """The type of a key's value in the request's model."""
    if key in UNSENT:
        return UNSENT[key]
    found: Value = SERVICES[service].model
    for name in KEYS[service][key]:
        owner = next(
            part for part in get_args(found) or (found,) if hasattr(part, "__struct_fields__")
        )
        found = {item.encode_name: item.type for item in msgspec.structs.fields(owner)}[name]
    return found


def _name_place(key: str, problem: str) -> Problem:
    """msgspec's `… - at `$.VoiceId`` said with the key's own spelling."""
    text, _, place = problem.partition(" - at ")
    inner = re.sub(r"(?<=[A-Za-z])(?=[A-Z][a-z])", "_", place.strip("`$")).lower()
    return key + inner, text[:1].lower() + text[1:]
