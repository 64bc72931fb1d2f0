"""Read links that do not open: the log tells why, and the reader learns nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.links import write_link
from tests.support.hosted_cloud import CloudAndHost, open_house
from tests.support.hosted_roomscribe import write_rules
from tests.support.questions import ask_why

pytestmark = pytest.mark.slow

DAY_S = 86_400


def test_incident_25_read_link_has_expired(room_ledger_url: str, tmp_path: Path) -> None:
    """It is told apart from one that is signed with another key, as a forged or foreign one is."""
    theatre = open_house(room_ledger_url, write_rules(tmp_path))
    key = theatre.settings["TRANSCRIPT_LINK_KEY"]

    async def act(stage: CloudAndHost) -> None:
        await stage.create_room("lobby")
        await stage.pass_time(5_000)
        session_id = (await ask_why(stage, "lobby"))["sessions"][0]["session"]
        site = f"{stage.url}/functions/read_transcript"
        now_s = stage.clock.now_ms() // 1000
        links = {
            "read": write_link(key, site, session_id, now_s),
            "link_expired": write_link(key, site, session_id, now_s - 8 * DAY_S),
            "link_foreign": write_link("that of another place", site, session_id, now_s),
        }
        answers = {name: await stage.http.get(url) for name, url in links.items()}
        assert [answer.status_code for answer in answers.values()] == [200, 403, 403]
        assert answers["link_expired"].text == answers["link_foreign"].text
        refused = stage.list_lines("transcript.refused")
        assert [(line["outcome"], line.get("session")) for line in refused] == [
            ("link_expired", session_id),
            ("link_foreign", None),
        ]
        assert "roomscribe link" in refused[0]["remedy"]

    theatre.play(act)
