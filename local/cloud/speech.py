"""Turns what a person says into captions and callbacks of every task that hears it."""

import uuid
from collections.abc import Mapping

from local.cloud.announcer import Announcer
from local.cloud.assumed import (
    SHORTEST_SENTENCE_MS,
    SPOKEN_MS_PER_CHARACTER,
    Sentence,
    describe_sentence,
    describe_translation,
)
from local.cloud.clock import Clock
from local.cloud.events import SENTENCE_SPOKEN, SENTENCE_TRANSLATED
from local.cloud.state import Room, Task, User


class Speech:
    """Recognises and translates, by being told what was said."""

    def __init__(self, clock: Clock, announcer: Announcer) -> None:
        self._clock = clock
        self._announcer = announcer

    def say(self, room: Room, user: User, text: str, translations: Mapping[str, str]) -> list[str]:
        """The ids of the tasks that heard it; `translations` is language → text."""
        hearing = [task for task in room.tasks.values() if task.hears(user.user_id)]
        for task in hearing:
            sentence = self._recognise(task, user, text)
            self._tell_spoken(task, sentence)
            for language in task.languages:
                if language in translations:
                    self._tell_translated(task, sentence, language, translations[language])
        return [task.task_id for task in hearing]

    def _recognise(self, task: Task, user: User, text: str) -> Sentence:
        end_ms = self._clock.now_ms() - task.started_ms
        length_ms = max(SHORTEST_SENTENCE_MS, len(text) * SPOKEN_MS_PER_CHARACTER)
        start_ms = max(0, end_ms - length_ms)
        return Sentence(user.user_id, text, start_ms, end_ms, uuid.uuid4().hex)

    def _tell_spoken(self, task: Task, sentence: Sentence) -> None:
        event_type = SENTENCE_SPOKEN[task.service]
        self._announcer.tell_task(task, event_type, describe_sentence(sentence))
        self._show(task, sentence, None, sentence.text)

    def _tell_translated(self, task: Task, sentence: Sentence, language: str, text: str) -> None:
        """1.0 sends translations into the room only, 2.0 calls back as well."""
        if task.service == "cloud":
            payload = describe_translation(sentence, language, text)
            self._announcer.tell_task(task, SENTENCE_TRANSLATED, payload)
        self._show(task, sentence, language, text)

    def _show(self, task: Task, sentence: Sentence, language: str | None, text: str) -> None:
        self._announcer.show_task(
            "caption",
            task,
            user_id=sentence.user_id,
            language=language,
            text=text,
            start_ms=sentence.start_ms,
            end_ms=sentence.end_ms,
            round_id=sentence.round_id,
        )
