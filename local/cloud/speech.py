"""Turns what a person says into captions and callbacks of every task that hears it."""

import uuid
from collections.abc import Mapping

from local.cloud.announcer import Announcer
from local.cloud.assumed import (
    SHORTEST_SENTENCE_MS,
    SPOKEN_MS_PER_CHARACTER,
    Sentence,
)
from local.cloud.captions import write_captions
from local.cloud.clock import Clock
from local.cloud.config import CloudConfig
from local.cloud.events import SENTENCE_SPOKEN, SENTENCE_TRANSLATED
from local.cloud.messages import Messages
from local.cloud.state import Room, Task, User
from local.cloud.words import describe_words


class Speech:
    """Recognises and translates, by being told what was said."""

    def __init__(
        self, config: CloudConfig, clock: Clock, announcer: Announcer, messages: Messages
    ) -> None:
        self._config = config
        self._clock = clock
        self._announcer = announcer
        self._messages = messages

    def say(self, room: Room, user: User, text: str, translations: Mapping[str, str]) -> list[str]:
        """The ids of the tasks that heard it; `translations` is language → text."""
        hearing = [task for task in room.tasks.values() if task.hears(user.user_id)]
        if not hearing:
            self._announcer.show_room("speech.unheard", room, user_id=user.user_id, text=text)
        for task in hearing:
            sentence = self._recognise(task, user, text)
            asked = {lang: translations[lang] for lang in task.languages if lang in translations}
            if task.sends_captions:
                self._messages.send(task, write_captions(task, sentence, asked))
            # 1.0 sends its translations into the room only.
            told = asked if task.service == "cloud" else {}
            self._call_back(task, SENTENCE_SPOKEN[task.service], sentence, {})
            self._show(task, sentence, None, text, translations=told)
            for language, translation in told.items():
                self._call_back(task, SENTENCE_TRANSLATED, sentence, {language: translation})
                self._show(task, sentence, language, translation)
        return [task.task_id for task in hearing]

    def _recognise(self, task: Task, user: User, text: str) -> Sentence:
        end_ms = self._clock.now_ms() - task.started_ms
        length_ms = max(SHORTEST_SENTENCE_MS, len(text) * SPOKEN_MS_PER_CHARACTER)
        # Nobody says two sentences at once.
        start_ms = max(task.said_until_ms.get(user.user_id, 0), end_ms - length_ms)
        task.said_until_ms[user.user_id] = end_ms
        return Sentence(user.user_id, text, start_ms, end_ms, uuid.uuid4().hex)

    def _call_back(
        self, task: Task, event_type: int, sentence: Sentence, translations: Mapping[str, str]
    ) -> None:
        words, now_ms = self._config.cloud_words, self._clock.now_ms()
        payload, info = describe_words(words, task, sentence, translations, now_ms)
        self._announcer.tell_task(task, event_type, payload, **info)

    def _show(
        self, task: Task, sentence: Sentence, language: str | None, text: str, **more: object
    ) -> None:
        self._announcer.show_task(
            "caption",
            task,
            user_id=sentence.user_id,
            language=language,
            text=text,
            start_ms=sentence.start_ms,
            end_ms=sentence.end_ms,
            round_id=sentence.round_id,
            **more,
        )
