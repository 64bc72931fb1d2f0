"""The benchmark of finished meetings, small; and what one of them takes of Redis, whatever its size."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.finished import MOST_BYTES
from benchmarks.finished.meetings import Place, fill
from benchmarks.finished.reading import Reader
from local.redis_server import RedisServer
from tests.support.redis_servers import empty

MEETINGS = 50


@pytest.mark.slow
def test_finished_meeting_takes_little_of_redis_and_is_read_from_the_archive(
    redis_server: RedisServer, tmp_path: Path
) -> None:
    empty(redis_server)
    place = Place(redis_server.url, tmp_path)
    before = place.count_bytes()
    *_, last = fill(place, MEETINGS, sentences=30, languages=("zh",))
    place.deliver()
    assert place.ledger.list_sentences(last, 0) == []
    assert 0 < (place.count_bytes() - before) / MEETINGS <= MOST_BYTES
    reader = Reader(place, last)
    reader.read(".json")
    assert reader.storage_calls == 1
    reader.read(".json", if_none_match=reader.etag)
    assert reader.storage_calls == 1
