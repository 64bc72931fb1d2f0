"""A service table of rules.toml and what the API of each site takes: lists, ranges, keys that go together."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tencentcloud.trtc.v20190722 import models as sdk

from shared.services.checks import TARGETS, check_parameters, list_values
from shared.services.parameters import AI_KEYS, CLOUD_KEYS
from shared.site import Site

CLOUD: dict[str, Any] = {"region": "ap-guangzhou", "language": "bigmodel-en"}
AI: dict[str, Any] = {"region": "ap-guangzhou"}
VOICE: dict[str, Any] = {
    "model": "flow_02_turbo",
    "language": "en",
    "target_user": "teacher",
    "tts_robot_user": "voice-1",
    "voice": {"voice_id": "v-male-X6h4TvP9"},
}
SPEAKING: dict[str, Any] = {
    "translate_to": ["en"],
    "subscribe": ["teacher"],
    "tts": [VOICE],
}


def find_keys(service: str, site: Site, **parameters: Any) -> list[str]:
    """The keys in which something is wrong."""
    base = CLOUD if service == "cloud" else AI
    return [key for key, _ in check_parameters(service, {**base, **parameters}, site)]


REGIONS = {
    ("cloud", "international"): {"ap-guangzhou", "ap-hongkong", "ap-singapore"},
    ("cloud", "china"): {"ap-beijing", "ap-guangzhou", "ap-hongkong", "ap-shanghai"},
    ("ai", "international"): {"ap-guangzhou", "ap-singapore", "ap-tokyo", "na-siliconvalley"},
}
REGIONS["cloud", "unknown"] = REGIONS["cloud", "international"] | REGIONS["cloud", "china"]
REGIONS["ai", "china"] = REGIONS["ai", "unknown"] = set().union(*REGIONS.values())


@pytest.mark.parametrize("service", ["cloud", "ai"])
@pytest.mark.parametrize("site", get_args(Site))
def test_regions_are_those_of_the_site(service: str, site: Site) -> None:
    everywhere = {*REGIONS["ai", "unknown"], "ap-chengdu", "ap-singapor"}
    taken = {region for region in everywhere if not find_keys(service, site, region=region)}
    assert taken == REGIONS[service, site]


@pytest.mark.parametrize(
    ("service", "site", "missing"),
    [
        ("ai", "china", False),
        ("ai", "unknown", False),
        ("ai", "international", True),
        ("cloud", "china", True),
        ("cloud", "unknown", True),
    ],
)
@pytest.mark.parametrize("given_region", [{}, {"region": ""}])
def test_only_1_0_does_without_a_region_and_not_at_the_international_site(
    service: str, site: Site, missing: bool, given_region: dict[str, str]
) -> None:
    found = check_parameters(service, {"language": "16k_zh_en", **given_region}, site)
    assert [key for key, _ in found] == (["region"] if missing else [])


FOREIGN = {
    "target_user_ids": ["ann"],
    "im_admin_user_id": "admin",
    "model": "m",
    "translation_language": "en",
}


@pytest.mark.parametrize("key", FOREIGN)
def test_key_that_the_international_api_does_not_have_is_refused_there(key: str) -> None:
    parameters = {**AI, key: FOREIGN[key]}
    assert check_parameters("ai", parameters, "china") == []
    assert check_parameters("ai", parameters, "unknown") == []
    assert check_parameters("ai", parameters, "international") == [
        (
            key,
            "the API of the international site (TRTC_ENDPOINT) has no such parameter; take it out",
        )
    ]
    unused = check_parameters("ai", parameters, "international", needed=False)
    assert [each for each, _ in unused] == [key]


@pytest.mark.parametrize(("site", "largest"), [("china", 1), ("international", 3), ("unknown", 3)])
def test_voice_detection_has_levels_by_the_site(site: Site, largest: int) -> None:
    taken = [level for level in range(6) if not find_keys("cloud", site, vad_level=level)]
    assert taken == list(range(largest + 1))


@pytest.mark.parametrize(("site", "largest"), [("china", 1), ("international", 2), ("unknown", 2)])
def test_custom_messages_have_modes_by_the_site(site: Site, largest: int) -> None:
    taken = [mode for mode in range(4) if not find_keys("cloud", site, send_custom_mode=mode)]
    assert taken == list(range(largest + 1))


def test_range_of_one_site_is_not_let_through_as_unlisted() -> None:
    assert find_keys("cloud", "china", vad_level=3, allow_unlisted=True) == ["vad_level"]


def test_cantonese_is_translated_to_at_the_china_site_only() -> None:
    assert find_keys("cloud", "international", translate_to=["en", "yue"]) == ["translate_to"]
    assert find_keys("cloud", "china", translate_to=["en", "yue"]) == []
    assert find_keys("cloud", "unknown", translate_to=["en", "yue"]) == []
    assert find_keys("ai", "china", translate_to=["yue"]) == ["translate_to"]
    terms = [{"target_lang": "yue", "terminology": [{"source": "a", "target": "b"}]}]
    assert find_keys("cloud", "international", terminologies=terms) == ["terminologies.target_lang"]
    assert find_keys("cloud", "china", terminologies=terms) == []


def test_1_0_translates_to_15_languages() -> None:
    assert len(TARGETS.split()) == 15
    assert find_keys("ai", "international", translate_to=TARGETS.split()) == []


PACKAGES = {
    "china": Path(sdk.__file__),
    "international": Path(sdk.__file__).parents[6] / "intl/tencentcloud/trtc/v20190722/models.py",
}


def read_document(site: str, model: str, field: str) -> str:
    """What that site's official SDK says of a field."""
    source = PACKAGES[site].read_text(encoding="utf-8").partition(f"class {model}(")[2]
    return html.unescape(source.partition(f":param _{field}:")[2].partition(":type ")[0])


def find_quoted(text: str) -> set[str]:
    """The values in quotes; the international edition writes some of them with a capital."""
    return {value.lower() for value in re.findall(r"[\"`]([A-Za-z0-9_-]+)[\"`]", text)}


@pytest.mark.parametrize("site", PACKAGES)
def test_languages_of_2_0_are_those_of_the_official_sdk(site: Site) -> None:
    newer, _, older = read_document(site, "AsrParam", "Lang").partition("V1")
    names = {name for name in find_quoted(newer) if name.isalpha() and name != "xxx"}
    documented = {f"bigmodel-{name}" for name in names} | find_quoted(older)
    assert set(list_values("cloud", site)["language"]) == documented


@pytest.mark.parametrize("site", PACKAGES)
def test_target_languages_of_2_0_are_those_of_the_official_sdk(site: Site) -> None:
    documented = find_quoted(read_document(site, "TranslationParam", "TargetLang"))
    assert set(list_values("cloud", site)["translate_to"]) == documented


@pytest.mark.parametrize("site", PACKAGES)
def test_languages_of_1_0_are_those_of_the_official_sdk(site: Site) -> None:
    text = read_document(site, "RecognizeConfig", "Language")
    documented = find_quoted("\n".join(re.findall(r"^- ?([\"`][^:]+):", text, re.MULTILINE)))
    assert set(list_values("ai", site)["language"]) == documented


def test_translation_languages_of_1_0_are_those_of_the_official_sdk() -> None:
    text = read_document("china", "RecognizeConfig", "TranslationLanguage")
    documented = set(re.findall(r": ([a-z]{2,3})$", text, re.MULTILINE))
    assert set(list_values("ai", "china")["translation_language"]) == documented


@pytest.mark.parametrize(
    ("service", "wrong", "meant"),
    [
        ("cloud", {"language": "bigmodel_en"}, "bigmodel-en"),
        ("cloud", {"language": "16k_zh-en"}, "16k_zh_en"),
        ("ai", {"language": "16k_en_zh"}, "16k_zh_en"),
    ],
)
def test_typo_is_named_with_what_was_probably_meant(
    service: str, wrong: dict[str, str], meant: str
) -> None:
    base = CLOUD if service == "cloud" else AI
    ((key, problem),) = check_parameters(service, {**base, **wrong}, "international")
    assert key == "language"
    assert problem == (
        f"{wrong['language']!r} is in no list of the international site (TRTC_ENDPOINT): "
        f"did you mean {meant!r}? (allow_unlisted = true lets it pass)"
    )


@pytest.mark.parametrize(
    ("service", "parameters"),
    [
        ("cloud", {"language": "bigmodel-xh"}),
        ("cloud", {"region": "ap-mumbai"}),
        ("cloud", {"translate_to": ["sw"]}),
        ("cloud", {**SPEAKING, "tts": [{**VOICE, "model": "flow_03"}]}),
        ("ai", {"language": "16k_en"}),
        ("ai", {"alternative_languages": ["zh-dialect"]}),
        ("ai", {"translate_to": ["sw"]}),
        ("ai", {"translate_to": ["en"], "tts": {"voice_id": "v", "model": "flow_02"}}),
    ],
)
def test_value_in_no_list_is_let_through_on_request(
    service: str, parameters: dict[str, Any]
) -> None:
    assert find_keys(service, "international", **parameters)
    assert find_keys(service, "international", **parameters, allow_unlisted=True) == []


def test_permission_is_true_or_false() -> None:
    assert find_keys("cloud", "china", allow_unlisted="yes") == ["allow_unlisted"]


@pytest.mark.parametrize(
    ("service", "word", "taken"),
    [
        ("cloud", "a" * 30, True),
        ("cloud", "a" * 31, False),
        ("cloud", "腾" * 10, True),
        ("cloud", "腾" * 11, False),
        ("ai", "腾" * 11, False),
        ("cloud", "ASR 腾讯云", False),
        ("cloud", "ASR\u3000云", False),
        ("ai", "tencent cloud", True),
    ],
)
def test_hot_word_is_30_bytes_and_in_2_0_one_word(service: str, word: str, taken: bool) -> None:
    assert find_keys(service, "unknown", hot_words=[f"{word}|5"]) == (
        [] if taken else ["hot_words"]
    )


@pytest.mark.parametrize(
    ("language", "alternatives", "taken"),
    [
        ("ja", ["ko", "vi"], True),
        ("zh-yue", ["ko"], True),
        ("ja", ["zh-yue"], False),
        ("ja", ["zh-dialect"], False),
        ("ja", ["bigmodel-ko"], False),
        ("ja", ["en"], False),
        ("bigmodel-en", ["ja"], False),
        ("16k_zh_en", ["ja"], False),
        ("bigmodel-en", [], True),
    ],
)
def test_alternatives_are_of_the_advanced_engines(
    language: str, alternatives: list[str], taken: bool
) -> None:
    found = find_keys("cloud", "unknown", language=language, alternative_languages=alternatives)
    assert found == ([] if taken else ["alternative_languages"])


@pytest.mark.parametrize("key", ["filter_dirty", "filter_modal", "filter_punc"])
def test_filters_are_of_the_standard_engines(key: str) -> None:
    for language in ("16k_zh_en", "16k_zh_large"):
        assert find_keys("cloud", "unknown", language=language, **{key: 1}) == []
    for language in ("bigmodel-zh", "ja"):
        assert find_keys("cloud", "unknown", language=language, **{key: 1}) == [key]
        assert find_keys("cloud", "unknown", language=language, **{key: 0}) == []


def test_voice_with_all_it_needs_is_taken() -> None:
    assert find_keys("cloud", "international", **SPEAKING) == []
    named = {**VOICE, "target_user": {"user_id": "teacher"}}
    assert find_keys("cloud", "international", **{**SPEAKING, "tts": [named]}) == []


@pytest.mark.parametrize("field", VOICE)
def test_voice_needs_all_five_fields(field: str) -> None:
    voice = {key: value for key, value in VOICE.items() if key != field}
    assert find_keys("cloud", "international", **{**SPEAKING, "tts": [voice]}) == ["tts[0]"]


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"subscribe": []}, "tts.target_user"),
        ({"subscribe": ["student"]}, "tts.target_user"),
        ({"unsubscribe": ["teacher"]}, "tts.target_user"),
        ({"translate_to": ["ja"]}, "tts.language"),
        ({"tts": [{**VOICE, "model": "flow_01_turbo"}]}, "tts.model"),
        ({"tts": [{**VOICE, "voice": {"speed": 1.0}}]}, "tts[0].voice"),
    ],
)
def test_voice_reads_a_translation_of_somebody_who_is_heard(
    changes: dict[str, Any], wrong: str
) -> None:
    assert find_keys("cloud", "international", **{**SPEAKING, **changes}) == [wrong]


@pytest.mark.parametrize("key", ["translation_mode", "tts", "terminology"])
def test_translation_of_1_0_needs_its_languages(key: str) -> None:
    values = {"translation_mode": 1, "tts": {"voice_id": "v"}, "terminology": []}
    assert find_keys("ai", "china", **{key: values[key]}) == [key]
    assert find_keys("ai", "china", translate_to=["en"], **{key: values[key]}) == []


def test_null_of_a_json_event_is_no_value() -> None:
    assert find_keys("cloud", "china", vad_level=None) == ["vad_level"]


ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-1, 5),
    st.sampled_from(["", "en", "yue", "bigmodel-en", "ap-beijing", "16k_zh_en", "word|5"]),
    st.lists(st.sampled_from(["en", "yue", "word|5", "a b|5"]), max_size=3),
)


@given(
    st.sampled_from(["cloud", "ai"]),
    st.dictionaries(
        st.sampled_from([*CLOUD_KEYS, *AI_KEYS, "region", "allow_unlisted"]), ANYTHING, max_size=5
    ),
)
def test_what_one_site_takes_is_taken_where_the_site_is_unknown(
    service: str, parameters: dict[str, Any]
) -> None:
    """So rules that were prepared for a site suit a function behind a proxy."""
    refused = [bool(check_parameters(service, parameters, site)) for site in get_args(Site)]
    assert get_args(Site)[-1] == "unknown"
    assert not refused[-1] or all(refused)
