"""Parameters in a query string."""

import pytest

from local.cloud.query import nest_query


@pytest.mark.parametrize(
    ("pairs", "nested"),
    [
        ([], {}),
        ([("TaskId", "t")], {"TaskId": "t"}),
        ([("A.B", "1"), ("A.C", "2")], {"A": {"B": "1", "C": "2"}}),
        ([("L.0", "a"), ("L.1", "b")], {"L": ["a", "b"]}),
        ([("L.1", "b"), ("L.0", "a")], {"L": ["a", "b"]}),
        ([("L.0.UserId", "a"), ("L.1.UserId", "b")], {"L": [{"UserId": "a"}, {"UserId": "b"}]}),
        ([("L.1", "b")], {"L": {"1": "b"}}),
        ([("A", "1"), ("A.B", "2")], {"A": {"B": "2"}}),
        ([("A.B", "1"), ("A", "2")], {"A": "2"}),
        ([(".", "1")], {"": {"": "1"}}),
    ],
)
def test_dotted_names_become_objects_and_lists(
    pairs: list[tuple[str, str]], nested: object
) -> None:
    assert nest_query(pairs) == nested


def test_depth_is_limited() -> None:
    nested = nest_query([(".".join("a" * 5000), "1")])
    depth = 0
    while isinstance(nested, dict):
        nested, depth = next(iter(nested.values())), depth + 1
    assert depth == 17
