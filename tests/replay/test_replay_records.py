"""Reading saved callbacks: every shape and kind of file, one clear line for what is unusable."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from local.replay.files import RecordError
from local.replay.records import read_record, read_recording

CALLBACK = {
    "EventGroupId": 1,
    "EventType": 101,
    "CallbackTs": 1687770730166,
    "EventInfo": {
        "RoomId": 12345,
        "EventTs": 1687770730,
        "EventMsTs": 1687770730160,
        "UserId": "é",
    },
}
LOG_LINE = {
    "level": "INFO",
    "message": "transcription.started",
    "function_request_id": "request-1",
    "sdk_app_id": 1400000001,
    "room_id": "lobby",
    "room_id_type": 1,
    "event_type": 101,
    "event_ms": 1687770730160,
}


def write(path: Path, *values: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(json.dumps(value) for value in values), encoding="utf-8")
    return path


def places(*paths: Path) -> list[str]:
    return [Path(record.place).name for record in read_recording(paths).records]


def test_bare_callback_becomes_compact_utf8() -> None:
    record = read_record("here:1", CALLBACK)
    assert record is not None
    assert json.loads(record.body) == CALLBACK
    assert b'"UserId":"\xc3\xa9"' in record.body
    assert (record.method, record.sdk_app_id, record.expected) == ("POST", None, None)


def test_half_a_surrogate_pair_stays_escaped() -> None:
    record = read_record("here:1", {"EventType": 101, "EventInfo": {"UserId": "\ud800"}})
    assert record is not None
    assert b"\\ud800" in record.body


def test_wrapper_with_text_keeps_its_bytes() -> None:
    text = '{\n\t"EventType":\t101\n}'
    record = read_record(
        "here:1", {"body": text, "headers": {"SDKAppId": "1400000002"}, "status": 401}
    )
    assert record is not None
    assert (record.body, record.sdk_app_id, record.expected) == (text.encode(), "1400000002", 401)


def test_wrapper_with_object_becomes_compact() -> None:
    record = read_record("here:1", {"description": "created", "body": CALLBACK})
    assert record is not None
    assert json.loads(record.body) == CALLBACK
    assert b'": ' not in record.body


def test_function_url_event_keeps_method_and_binary_body() -> None:
    body = base64.b64encode(b"\xff\x00").decode()
    record = read_record(
        "here:1", {"httpMethod": "put", "headers": {}, "body": body, "isBase64Encoded": True}
    )
    assert record is not None
    assert (record.method, record.body) == ("PUT", b"\xff\x00")


def test_event_without_body_is_sent_empty() -> None:
    record = read_record("here:1", {"httpMethod": "GET", "headers": {}, "body": None})
    assert record is not None
    assert (record.method, record.body) == ("GET", b"")


def test_log_line_names_its_application() -> None:
    record = read_record("here:1", LOG_LINE)
    assert record is not None
    assert record.sdk_app_id == "1400000001"
    assert json.loads(record.body)["EventInfo"]["RoomId"] == "lobby"


def test_list_items_are_numbered_from_one(tmp_path: Path) -> None:
    assert places(write(tmp_path / "two.json", [CALLBACK, CALLBACK])) == [
        "two.json:1",
        "two.json:2",
    ]


def test_lines_are_numbered_as_an_editor_does(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    path.write_text(f"\n{json.dumps(CALLBACK)}\r\n\n{json.dumps(CALLBACK)}\n", encoding="utf-8")
    assert places(path) == ["lines.jsonl:2", "lines.jsonl:4"]


def test_line_separator_inside_text_does_not_end_a_line(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    path.write_text('{"EventType": 101, "EventInfo": {"UserId": "a\u2028b"}}\n', encoding="utf-8")
    assert places(path) == ["lines.jsonl:1"]


def test_file_of_unknown_suffix_may_be_either(tmp_path: Path) -> None:
    whole, lines = write(tmp_path / "whole.txt", CALLBACK), tmp_path / "lines.txt"
    write(lines, CALLBACK, CALLBACK)
    assert places(whole, lines) == ["whole.txt:1", "lines.txt:1", "lines.txt:2"]


def test_byte_order_mark_is_no_error(tmp_path: Path) -> None:
    path = tmp_path / "windows.json"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(CALLBACK).encode())
    assert places(path) == ["windows.json:1"]


def test_folder_is_read_in_name_order_with_all_below(tmp_path: Path) -> None:
    for name in ("b.json", "a/2.jsonl", "a/1.json", "c.log"):
        write(tmp_path / name, CALLBACK)
    (tmp_path / "README.md").write_text("not a callback")
    recording = read_recording([tmp_path])
    names = [Path(record.place).relative_to(tmp_path).as_posix() for record in recording.records]
    assert names == ["a/1.json:1", "a/2.jsonl:1", "b.json:1", "c.log:1"]
    assert recording.files == 4


def test_log_lines_without_event_are_skipped_and_counted(tmp_path: Path) -> None:
    path = write(tmp_path / "app.log", {"message": "cold.start"}, LOG_LINE, {"message": "done"})
    recording = read_recording([path])
    assert (len(recording.records), recording.skipped) == (1, 2)


def test_lines_of_one_invocation_play_its_callback_once(tmp_path: Path) -> None:
    again = {**LOG_LINE, "message": "room.opened"}
    retried = {**LOG_LINE, "function_request_id": "request-2"}
    recording = read_recording([write(tmp_path / "app.log", LOG_LINE, again, retried)])
    assert [record.place[-1] for record in recording.records] == ["1", "3"]
    assert recording.skipped == 1


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        (7, "here:1: a number is no callback; expected "),
        ([CALLBACK], "here:1: a list is no callback; expected "),
        (None, "here:1: null is no callback; expected "),
        ({"Event": 101}, "here:1: this object is no callback; expected "),
        ({"body": "", "headers": [1]}, "here:1: headers must be an object, not a list; "),
        ({"body": "", "status": "200"}, "here:1: status must be the expected HTTP status, "),
        ({"body": "", "status": True}, "here:1: status must be the expected HTTP status, "),
        ({"body": "%", "isBase64Encoded": True}, "here:1: body is not base64, although "),
        ({**LOG_LINE, "event_ms": "soon"}, "here:1: event_ms must be a whole number, not 'soon'; "),
        (
            {**LOG_LINE, "room_id_type": 0},
            "here:1: room_id must be a whole number, not 'lobby'; remove",
        ),
    ],
)
def test_unusable_record_says_where_and_what(value: object, complaint: str) -> None:
    with pytest.raises(RecordError) as caught:
        read_record("here:1", value)
    assert str(caught.value).startswith(complaint)


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("bad.json", b"{", "bad.json: not JSON ("),
        ("bad.json", b'{"EventType": 1}\n{"EventType": 2}', "bad.json: not JSON ("),
        ("bad.jsonl", b'{"EventType": 1}\nSTART', "bad.jsonl:2: not JSON ("),
        pytest.param(
            *("deep.jsonl", b"[" * 200_000, "deep.jsonl:1: not JSON (nested too deeply)"), id="deep"
        ),
        ("bad.json", b'"\xff"', "bad.json: not UTF-8 (byte 1); save it as UTF-8"),
    ],
)
def test_unusable_file_says_where_and_what(
    tmp_path: Path, name: str, content: bytes, complaint: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(RecordError) as caught:
        read_recording([tmp_path / name])
    assert str(caught.value).startswith(str(tmp_path / complaint))


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"nowhere\.json: no such file or folder"):
        read_recording([tmp_path / "nowhere.json"])


def test_folder_without_callbacks_is_named(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("empty")
    with pytest.raises(RecordError, match=r"no \.json, \.jsonl, \.ndjson, \.log, \.csv file in"):
        read_recording([tmp_path])
