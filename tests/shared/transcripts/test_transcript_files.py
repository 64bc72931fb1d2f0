"""VTT, SRT and text: independent readers find in them what was said, however hostile it is."""

from __future__ import annotations

import html
import io
import json
import re

import pysubs2
import pytest
import webvtt
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from shared.errors import RequestError
from shared.ledger.heads import read_language
from shared.transcripts.files import (
    JOINER,
    NOTHING,
    NOTHING_KEPT,
    choose_texts,
    close_directions,
    read_languages,
    write_clock,
    write_document,
    write_plain,
    write_srt,
    write_text,
    write_webvtt,
)
from shared.transcripts.records import Sentence, Transcript
from tests.support.transcript_source import OPENED_MS, make_head, make_transcript

HOSTILE = [
    "<script>alert(1)</script>",
    "</v><v Eve>I never said that",
    "00:00:01.000 --> 00:00:02.000",
    "00:00:01,000 --> 00:00:02,000",
    "00:01.000 --> 00:02.000",
    "between 00:01.00 and 0000:00:02.000",
    "at 1:2:3.4 or 1:2:3,4",
    "٠٠:٠٠:٠١.٠٠٠ --> ٠٠:٠٠:٠٢,٠٠٠",
    "a\n\nNOTE b\r\n\r\nc\u2028d\x85e",
    "NUL \x00 and bell \x07",
    "&amp; &lt;b&gt; &#0; & <",
    "{\\an8}{b}above",
    "\u202egnp.exe",
    "\u2067 open \u202a twice",
    "שלום, עולם",
    "مرحبا بالعالم",
    "早上好。大家都能听到我说话吗?",
    "👩‍👩‍👧 family",
    "STYLE",
    "NOTE",
    "WEBVTT",
    "42",
    "on and on--",
    "   ",
]
LONG = "x" * 100_000
TEXT = st.text(st.characters(exclude_categories=()), min_size=1, max_size=60) | st.sampled_from(
    HOSTILE
)


def make(texts: list[str], user_id: str = "amy", gap_ms: int = 3000) -> Transcript:
    """A transcript of these texts as they are, past every parser."""
    sentences = [
        Sentence(
            f"{i:024x}", "t", user_id, text, "en", i * gap_ms, i * gap_ms + 2000, OPENED_MS, {}, 1
        )
        for i, text in enumerate(texts)
    ]
    return Transcript(make_head(), sentences)


def read_vtt(text: str) -> list[tuple[str, str]]:
    """Speaker and text of each cue, as webvtt-py reads them; pysubs2 finds as many."""
    captions = webvtt.from_string(text).captions
    assert len(pysubs2.SSAFile.from_string(text, format_="vtt")) == len(captions)
    read = [(each.voice or "", each.text) for each in captions]
    return [
        (html.unescape(voice).replace(JOINER, ""), html.unescape(words).replace(JOINER, ""))
        for voice, words in read
    ]


def read_srt(text: str) -> list[str]:
    """The text of each cue, as pysubs2 reads it."""
    subtitles = pysubs2.SSAFile.from_string(text, format_="srt")
    return [event.text.replace("\\N", "\n").replace(JOINER, "") for event in subtitles]


@pytest.mark.parametrize("text", [*HOSTILE, pytest.param(LONG, id="long")])
def test_hostile_text_is_one_cue_in_every_file(text: str) -> None:
    transcript = make([text, "The next."])
    expected = [write_plain(text), "The next."]
    assert read_vtt(write_webvtt(transcript)) == [("amy", each) for each in expected]
    assert read_srt(write_srt(transcript)) == [f"amy: {each}" for each in expected]
    assert len(write_text(transcript).splitlines()) == 5


@given(st.lists(TEXT, max_size=5))
def test_vtt_loses_nothing(texts: list[str]) -> None:
    found = read_vtt(write_webvtt(make(texts)))
    assert [text for _, text in found] == [write_plain(text).replace(JOINER, "") for text in texts]


@given(st.lists(TEXT, max_size=5))
def test_srt_loses_nothing(texts: list[str]) -> None:
    found = read_srt(write_srt(make(texts)))
    said = [write_plain(text).replace(JOINER, "").replace("\\N", "\n") for text in texts]
    assert found == [f"amy: {text}" for text in said]  # to pysubs2, \N is the end of a line


@given(TEXT)
def test_speaker_is_as_harmless_as_text(user_id: str) -> None:
    transcript = make(["Hello.", "Again."], user_id)
    expected = " ".join(write_plain(user_id).replace(JOINER, "").split())
    (voice, text), _ = read_vtt(write_webvtt(transcript))
    assert (" ".join(voice.replace(JOINER, "").split()), text) == (
        expected.replace(JOINER, ""),
        "Hello.",
    )
    assert len(read_srt(write_srt(transcript))) == 2


@pytest.mark.parametrize("name", [*HOSTILE, "مريم", "Amy: --> 00:00:01,000", "a" * 64])
def test_name_is_as_harmless_as_text_and_stands_for_the_id(name: str) -> None:
    named = replace(make(["Hello.", "Again."]), names={"amy": name})
    plain = write_plain(name)
    voices = [(" ".join(voice.split()), text) for voice, text in read_vtt(write_webvtt(named))]
    expected = " ".join(plain.split())
    assert voices == [(expected, "Hello."), (expected, "Again.")]
    spoken = [f"{plain}: Hello.", f"{plain}: Again."]
    assert read_srt(write_srt(named)) == [each.replace(JOINER, "") for each in spoken]
    assert write_text(named).splitlines()[3:] == [
        f"[00:00:0{at}] {line}" for at, line in zip((0, 3), spoken, strict=True)
    ]


def test_two_users_of_one_name_and_one_without() -> None:
    said = make_transcript(("amy", "One.", 3), ("ann", "Two.", 6), ("li", "Three.", 9))
    named = replace(said, names={"amy": "Amy Lee", "ann": "Amy Lee", "li": None})
    assert read_vtt(write_webvtt(named)) == [
        ("Amy Lee", "One."),
        ("Amy Lee", "Two."),
        ("li", "Three."),
    ]
    document = json.loads(write_document(named))
    assert [each["user_id"] for each in document["sentences"]] == ["amy", "ann", "li"]
    assert document["names"] == named.names


def test_name_that_would_end_a_cue_does_not() -> None:
    assert read_vtt(write_webvtt(make(["Hello."], "eve--"))) == [("eve--", "Hello.")]


def test_number_that_somebody_says_is_not_that_of_a_cue() -> None:
    assert read_srt(write_srt(make(["42", "٤٢"], ""))) == ["42", "٤٢"]


@given(TEXT)
def test_plain_text_keeps_everything_that_can_be_read(text: str) -> None:
    plain = write_plain(text)
    assert len(plain.splitlines()) == 1
    assert write_plain(plain) == plain

    def legible(each: str) -> str:
        return "".join(c for c in each if c.isprintable() and not c.isspace())

    assert legible(plain).replace("\ufffd", "") == legible(text).replace("\ufffd", "") or (
        plain == NOTHING
    )


@pytest.mark.parametrize(
    ("text", "closed"),
    [
        ("plain", "plain"),
        ("\u202eover", "\u202eover\u202c"),
        ("\u2067a\u202bb", "\u2067a\u202bb\u202c\u2069"),
        ("\u2067a\u202bb\u2069c", "\u2067a\u202bb\u2069c"),
        ("a\u202cb\u2069c", "a\u202cb\u2069c"),
    ],
)
def test_what_turns_the_direction_is_turned_back(text: str, closed: str) -> None:
    assert close_directions(text) == closed


def test_files_look_as_players_expect_them() -> None:
    transcript = make_transcript(("amy", "Good & well.", 3), ("li", "Yes.", 4.5), zh="好。")
    assert write_webvtt(transcript) == (
        "WEBVTT\n\n"
        "1\n00:00:01.000 --> 00:00:03.000\n<v amy>Good &amp; well.\n\n"
        "2\n00:00:02.500 --> 00:00:04.500\n<v li>Yes.\n"
    )
    assert write_srt(transcript, ["zh"]) == (
        "1\n00:00:01,000 --> 00:00:03,000\namy: 好。\n\n2\n00:00:02,500 --> 00:00:04,500\nli: 好。\n"
    )
    assert write_text(transcript, ["en", "zh"]) == (
        "Room class-7\nOpened 2023-11-14 22:13:20 UTC, still open\n\n"
        "[00:00:01] amy: 好。\n[00:00:02] li: 好。\n"
    )


def test_bilingual_cue_has_a_line_for_each_language() -> None:
    (sentence,) = make_transcript(("amy", "Good.", 3), zh="好。", de="Gut.").sentences
    spoken = Transcript(make_head(), [change_language(sentence, "en")])
    assert read_vtt(write_webvtt(spoken, ["en", "zh"])) == [("amy", "Good.\n好。")]
    assert read_srt(write_srt(spoken, ["zh", "en"])) == ["amy: 好。\nGood."]
    assert write_text(spoken, ["en", "zh"]).endswith("[00:00:01] amy: Good.\n           好。\n")


def change_language(sentence: Sentence, language: str) -> Sentence:
    fields = {name: getattr(sentence, name) for name in sentence.__struct_fields__}
    return Sentence(**{**fields, "language": language})


@pytest.mark.parametrize(
    ("languages", "texts"),
    [
        ((), ["Good."]),
        (("en",), ["Good."]),
        (("ZH",), ["好。"]),
        (("zh-CN", "en-GB"), ["好。", "Good."]),
        (("pt-BR",), ["Bom."]),
        (("fr",), ["Good."]),
        (("fr", "zh"), ["好。"]),
        (("en", "EN"), ["Good."]),
    ],
)
def test_languages_are_chosen(languages: tuple[str, ...], texts: list[str]) -> None:
    (sentence,) = make_transcript(("amy", "Good.", 3), zh="好。", pt_PT="Bom.").sentences
    assert choose_texts(change_language(sentence, "en"), languages) == texts


@pytest.mark.parametrize(
    ("engine", "language"),
    [("bigmodel-en", "en"), ("zh", "zh"), ("16k_zh_en", ""), ("16k_zh", "zh"), ("zh-TW", "zh-TW")],
)
def test_language_of_an_engine(engine: str, language: str) -> None:
    assert read_language(engine) == language


@pytest.mark.parametrize("text", ["en,zh", "en+zh", "en zh", " en, zh ,en"])
def test_languages_are_read(text: str) -> None:
    assert read_languages(text) == ("en", "zh")


@pytest.mark.parametrize("text", ["<b>", "a" * 36, "a,b,c,d,e", "en;zh"])
def test_what_is_no_list_of_languages_is_refused(text: str) -> None:
    with pytest.raises(RequestError):
        read_languages(text)


def test_empty_transcript_is_an_empty_file() -> None:
    empty = Transcript(make_head(), [])
    assert write_webvtt(empty) == "WEBVTT\n"
    assert write_srt(empty) == ""
    assert write_text(empty).endswith("Nothing has been said.\n")
    for state, reason in NOTHING_KEPT.items():
        known = replace(empty, head=replace(empty.head, state=state))
        assert write_text(known).endswith(f"\n{reason}\n")
    assert read_vtt(write_webvtt(empty)) == []
    assert read_srt(write_srt(empty)) == []


def test_hours_may_have_three_digits() -> None:
    assert write_clock(99 * 3_600_000 + 59_999) == "99:00:59.999"
    transcript = make(["Early.", "Late."], gap_ms=100 * 3_600_000)
    assert "100:00:00.000 --> 100:00:02.000" in write_webvtt(transcript)
    late = webvtt.from_string(write_webvtt(transcript)).captions[1]
    assert late.start_in_seconds == 360_000
    assert "100:00:00,000 --> 100:00:02,000" in write_srt(transcript)


def test_two_readers_agree_about_both_files() -> None:
    transcript = make_transcript(*((f"user-{i % 3}", f"Sentence {i}.", 3 + i) for i in range(200)))
    said = [(s.start_ms, s.end_ms, s.user_id, s.text) for s in transcript.sentences]
    assert read_times(webvtt.from_string(write_webvtt(transcript))) == said
    vtt = pysubs2.SSAFile.from_string(write_webvtt(transcript), format_="vtt")
    assert [(e.start, e.end, e.plaintext) for e in vtt] == [
        (start, end, text) for start, end, _, text in said
    ]
    srt = pysubs2.SSAFile.from_string(write_srt(transcript), format_="srt")
    lines = [(start, end, f"{user}: {text}") for start, end, user, text in said]
    assert [(e.start, e.end, e.plaintext) for e in srt] == lines
    other = webvtt.from_buffer(io.BytesIO(write_srt(transcript).encode()), format="srt")
    assert [(start, end, text) for start, end, _, text in read_times(other)] == lines


def read_times(captions: webvtt.WebVTT) -> list[tuple[int, int, str, str]]:
    return [
        (read_ms(each.start), read_ms(each.end), each.voice or "", each.text)
        for each in captions.captions
    ]


def read_ms(clock: str) -> int:
    hours, minutes, seconds, ms = (int(part) for part in re.split(r"[:.]", clock))
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + ms


@pytest.mark.parametrize("notice", ["Transcribed for Example Ltd.", *HOSTILE])
def test_notice_stands_in_all_files_but_srt_and_is_no_cue(notice: str) -> None:
    plain = make_transcript(("amy", "Good morning", 3))
    noted = replace(plain, head=replace(plain.head, notice=notice))
    cues = webvtt.from_buffer(io.StringIO(write_webvtt(noted)))
    assert [(one.voice, one.text) for one in cues.captions] == [("amy", "Good morning")]
    assert write_webvtt(noted).splitlines()[2].startswith("NOTE ")
    heading, *_ = write_text(noted).split("\n\n")
    assert heading.splitlines()[2:] == [write_plain(notice)]
    assert json.loads(write_document(noted))["notice"] == notice
    assert write_srt(noted) == write_srt(plain)
