"""What was said, from callbacks: read tolerantly, merged in any order, placed on one timeline."""

from __future__ import annotations

import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.transcripts.records import TaskOrigin, Words, merge_sentence
from shared.transcripts.timeline import build_transcript, place_news, place_words
from tests.support.transcript_source import (
    OPENED_MS,
    TASK,
    MemorySource,
    hear,
    list_texts,
    make_head,
    merge_all,
    parse_sentence,
    read_all,
)

SPOKEN = {
    "UserId": "amy",
    "Text": "Good morning.",
    "StartTimeMs": 1000,
    "EndTimeMs": 2500,
    "RoundId": "r1",
}
TRANSLATED = {
    "UserId": "amy",
    "TranslationText": "早上好。",
    "TranslationLanguage": "zh",
    "StartTimeMs": 1000,
    "EndTimeMs": 2500,
    "RoundId": "r1",
}


@pytest.mark.parametrize("event_type", [903, 1403])
def test_sentence_is_read(event_type: int) -> None:
    news = hear(SPOKEN, event_type, at_s=2.6)
    assert news.said == Words(OPENED_MS + 2600, "Good morning.", "amy", 1000, 2500)
    assert (news.task_id, news.translations, news.opaque) == (TASK, {}, "")


def test_translation_has_the_key_of_its_sentence() -> None:
    news = hear(TRANSLATED, 1404)
    assert news.key == hear(SPOKEN).key
    assert news.said is None
    assert news.translations["zh"].text == "早上好。"


@pytest.mark.parametrize(
    "payload",
    [
        {"user_id": "amy", "text": "Good.", "start_time_ms": "1000", "roundid": "r1"},
        {"sender": "amy", "TEXT": "Good.", "start_time": "00:00:01", "round_id": "r1"},
        {"userId": "amy", "Text": "Good.", "StartTimeMs": 1000.0, "RoundID": "r1", "New": [1]},
    ],
)
def test_names_and_times_may_be_spelled_otherwise(payload: dict[str, object]) -> None:
    news = hear(payload)
    assert news.said == Words(OPENED_MS + 5000, "Good.", "amy", 1000)
    assert news.key == hear(SPOKEN).key


def test_translation_may_be_called_text() -> None:
    news = hear({"UserId": "amy", "Text": "Hallo.", "Language": "de", "RoundId": "r1"}, 1404)
    assert news.said is None
    assert {name: words.text for name, words in news.translations.items()} == {"de": "Hallo."}


def test_translation_without_a_language_is_undetermined() -> None:
    assert list(hear({"TranslationText": "Hallo.", "RoundId": "r1"}, 1404).translations) == ["und"]


def test_without_a_round_the_event_itself_is_the_key() -> None:
    said = {"UserId": "amy", "Text": "Yes."}
    assert hear(said, at_s=1).key == hear(said, at_s=1).key
    assert hear(said, at_s=1).key != hear(said, at_s=2).key


def test_event_written_otherwise_the_second_time_has_the_same_key() -> None:
    first = b'{"TaskId":"t","EventMsTs":5,"Payload":{"Text":"Yes."}}'
    second = b'{\n\t"Payload": {"Text": "Yes."},\n\t"EventMsTs": 5, "TaskId": "t"}'
    assert parse_sentence(903, first) == parse_sentence(903, second)


@pytest.mark.parametrize(
    "info",
    [
        b'{"TaskId":"t","EventMsTs":5,"Payload":{"Result":"kept","RoundId":"r1"}}',
        b'{"TaskId":"t","EventMsTs":5,"Payload":"kept"}',
        b'{"TaskId":"t","EventMsTs":5,"Payload":{"Text":"","Other":"kept"}}',
        b'["kept"]',
        b"kept \xff",
    ],
)
def test_unknown_payload_is_kept_as_it_is(info: bytes) -> None:
    news = parse_sentence(1403, info)
    assert news.opaque == info.decode("utf-8", "replace")
    assert news.said is None
    assert merge_sentence(news, parse_sentence(1403, info)) is news
    transcript = build_transcript(make_head(), [news, hear(SPOKEN)])
    assert (transcript.unread, list_texts(transcript)) == (1, ["Good morning."])


@given(st.integers(0, 9999), st.binary() | st.from_type(dict).map(repr).map(str.encode))
def test_nothing_makes_reading_fail(event_type: int, info: bytes) -> None:
    news = parse_sentence(event_type, info)
    assert len(news.key) == 24
    assert news.opaque or news.said or news.translations or not info


def test_repeated_news_change_nothing() -> None:
    known = merge_sentence(hear(SPOKEN), hear(TRANSLATED, 1404))
    assert merge_sentence(known, hear(SPOKEN)) is known
    assert merge_sentence(known, hear(TRANSLATED, 1404)) is known


def test_later_event_wins_whenever_it_comes() -> None:
    first, second = hear(SPOKEN, at_s=2), hear({**SPOKEN, "Text": "Good evening."}, at_s=3)
    for merged in (merge_sentence(first, second), merge_sentence(second, first)):
        assert merged.said
        assert merged.said.text == "Good evening."


def test_translation_joins_its_sentence_even_if_it_comes_first() -> None:
    (sentence,) = build_transcript(
        make_head(), [merge_sentence(hear(TRANSLATED, 1404, at_s=9), hear(SPOKEN, at_s=2.6))]
    ).sentences
    assert (sentence.text, sentence.translations) == ("Good morning.", {"zh": "早上好。"})
    assert sentence.event_ms == OPENED_MS + 2600


def test_translation_alone_has_a_place_already() -> None:
    head = make_head(**{TASK: TaskOrigin(OPENED_MS)})
    (sentence,) = build_transcript(head, [hear(TRANSLATED, 1404, at_s=3)]).sentences
    assert (sentence.text, sentence.start_ms, sentence.user_id) == ("", 1000, "amy")


def test_known_version_stays_when_news_are_merged() -> None:
    known = msgspec.structs.replace(hear(SPOKEN), version=7)
    assert merge_sentence(known, hear(TRANSLATED, 1404)).version == 7


NEWS = st.lists(
    st.builds(
        lambda text, language, round_id, at_s: hear(
            {
                **SPOKEN,
                "RoundId": round_id,
                ("TranslationText" if language else "Text"): text,
                **({"TranslationLanguage": language} if language else {}),
            },
            1404 if language else 1403,
            at_s=at_s,
        ),
        st.sampled_from(["one", "two", "three"]),
        st.sampled_from(["", "zh", "en"]),
        st.sampled_from(["r1", "r2"]),
        st.sampled_from([1, 2, 3]),
    ),
    max_size=12,
)


@given(NEWS, st.randoms(use_true_random=False))
def test_any_order_and_any_repetition_lead_to_the_same(
    news: list[object], shuffle: random.Random
) -> None:
    again = [*news, *news]
    shuffle.shuffle(again)
    assert merge_all(again) == merge_all(news)  # type: ignore[arg-type]


def test_thousands_shuffled_and_doubled_are_in_order_and_once() -> None:
    heard = [hear({**SPOKEN, "RoundId": f"r{i}", "Text": f"{i}"}, at_s=i / 2) for i in range(2000)]
    delivered = heard * 2
    random.Random(7).shuffle(delivered)  # noqa: S311  a shuffle, no secret
    transcript = build_transcript(make_head(), merge_all(delivered).values())
    assert list_texts(transcript) == [f"{i}" for i in range(2000)]


def test_tasks_share_the_rooms_timeline() -> None:
    tasks = {"first": TaskOrigin(OPENED_MS + 500), "resumed": TaskOrigin(OPENED_MS + 60_000)}
    news = [
        hear({**SPOKEN, "RoundId": "b"}, at_s=62.5, task_id="resumed"),
        hear({**SPOKEN, "RoundId": "a"}, at_s=3, task_id="first"),
    ]
    sentences = build_transcript(make_head(**tasks), news).sentences
    assert [(s.start_ms, s.end_ms) for s in sentences] == [(1500, 3000), (61_000, 62_500)]


def test_parallel_speakers_overlap() -> None:
    source = MemorySource()
    source.open()
    source.say("amy", "Both of us", 5.0)
    source.say("ben", "talk at once.", 5.5)
    first, second = read_all(source).sentences
    assert (first.user_id, second.user_id) == ("amy", "ben")
    assert second.start_ms < first.end_ms


@pytest.mark.parametrize(
    ("words", "started_ms", "placed"),
    [
        (Words(OPENED_MS + 9000, "x", "", 1000, 3000), OPENED_MS + 5900, (6900, 8900)),
        (Words(OPENED_MS + 9000, "x", "", 1000, 3000), None, (7000, 9000)),
        (Words(OPENED_MS + 9000, "x" * 20), OPENED_MS, (7800, 9000)),
        (Words(OPENED_MS + 9000, "x", "", 5000, 5000), OPENED_MS, (5000, 5500)),
        (Words(OPENED_MS + 9000, "x", "", OPENED_MS + 6000, OPENED_MS + 8000), None, (6000, 8000)),
        (Words(OPENED_MS - 9000, "x", "", 0, 3000), OPENED_MS - 12_000, (0, 1)),
        # 1 h after the event that told of it: StartTimeMs does not count from the task's start
        (Words(OPENED_MS + 9000, "x", "", 3_600_000, 3_601_000), OPENED_MS, (8000, 9000)),
    ],
)
def test_sentence_has_its_place(
    words: Words, started_ms: int | None, placed: tuple[int, int]
) -> None:
    assert place_words(words, started_ms, OPENED_MS) == placed


def test_sentence_is_in_the_language_of_its_task_unless_it_says_otherwise() -> None:
    head = make_head(**{TASK: TaskOrigin(None, "en")})
    for more, language in (({}, "en"), ({"Language": "fr"}, "fr")):
        sentence = place_news(head, hear({**SPOKEN, **more}))
        assert sentence
        assert sentence.language == language
