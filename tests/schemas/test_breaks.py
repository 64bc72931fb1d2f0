"""What breaks whoever relies on a schema is found, in both directions, and nothing else is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from shared.scf import Json
from tests.schemas.breaks import list_breaks
from tests.schemas.documents import make_schemas

pytestmark = pytest.mark.slow

MADE = make_schemas()
WRITTEN = [name for name in MADE if not name.startswith("console/")]
READ = [name for name in MADE if name.startswith("console/")]
TEXT, NUMBER, WHOLE = {"type": "string"}, {"type": "number"}, {"type": "integer"}
NOTHING = {"type": "null"}
OPEN = {"anyOf": [{"enum": ["a", "b"]}, {"type": "string", "pattern": "^[a-z]$"}]}


def make_object(*required: str, closed: bool = False, **properties: Json) -> Json:
    """A schema of an object."""
    more = {"additionalProperties": False} if closed else {}
    return {"type": "object", "properties": properties, "required": [*required], **more}


@pytest.mark.parametrize(
    ("released", "schema", "written", "read"),
    [
        (TEXT, TEXT, [], []),
        (WHOLE, NUMBER, [": number instead of integer"], []),
        (NUMBER, WHOLE, [], [": number instead of integer"]),
        (TEXT, {}, [": any type instead of string"], []),
        (TEXT, {"anyOf": [TEXT, NOTHING]}, [": null instead of string"], []),
        ({"anyOf": [TEXT, NOTHING]}, TEXT, [], [": null instead of string"]),
        ({"enum": [0, 1]}, {"enum": [0, 1, 2]}, [": 2 is new"], []),
        ({"enum": [0, 1]}, {"enum": [0]}, [": 1 is gone"], [": 1 is refused"]),
        ({"enum": ["a"]}, TEXT, [": any value"], []),
        (TEXT, {"enum": ["a"]}, [], [": only listed values"]),
        (OPEN, {"anyOf": [{"enum": ["a", "b", "c"]}, OPEN["anyOf"][1]]}, [], []),
        (OPEN, {"anyOf": [{"enum": ["a"]}, OPEN["anyOf"][1]]}, [": b is gone"], []),
        ({**WHOLE, "minimum": 1}, {**WHOLE, "minimum": 0}, [": minimum 0 instead of 1"], []),
        ({**TEXT, "maxLength": 9}, {**TEXT, "maxLength": 8}, [], [": maxLength 9 instead of 8"]),
        ({**TEXT, "pattern": "a"}, TEXT, [": pattern None instead of a"], []),
        (make_object("a", a=TEXT), make_object(a=TEXT), [".a: not always there"], []),
        (make_object(a=TEXT), make_object("a", a=TEXT), [], [".a: required"]),
        (make_object(a=TEXT), make_object(), [".a: is gone"], [".a: not read any more"]),
        (make_object(a=TEXT), make_object(a=TEXT, b=TEXT), [], []),
        (make_object(a=TEXT), make_object("b", a=TEXT, b=TEXT), [], [".b: required"]),
        (make_object(a=TEXT, closed=True), make_object(a=TEXT, b=TEXT, closed=True), [".b: is new"], []),
        (make_object(closed=True), make_object(), [": may have more keys"], []),
        (make_object(), make_object(closed=True), [], [": unknown keys are refused"]),
        (
            {"type": "array", "items": make_object(a=WHOLE)},
            {"type": "array", "items": make_object(a=NUMBER)},
            ["[].a: number instead of integer"],
            [],
        ),
        ({**TEXT, "default": "a"}, {**TEXT, "default": "b"}, [], [": another default"]),
        (
            {"type": "object", "additionalProperties": {"type": ["string", "number"]}},
            {**make_object(a=TEXT), "additionalProperties": {"type": ["string", "boolean"]}},
            [".*: boolean instead of ['string', 'number']"],
            [".*: number instead of ['string', 'boolean']"],
        ),
    ],
)  # fmt: skip
def test_break_is_named_for_whom_it_breaks(
    released: Json, schema: Json, written: list[str], read: list[str]
) -> None:
    assert list_breaks(released, schema, is_read=False) == written
    assert list_breaks(released, schema, is_read=True) == read


def test_unknown_keyword_is_not_passed_over() -> None:
    with pytest.raises(ValueError, match="uniqueItems"):
        list_breaks(TEXT, {"type": "array", "uniqueItems": True}, is_read=False)


@pytest.mark.parametrize("name", MADE)
def test_schema_breaks_nothing_of_itself(name: str) -> None:
    assert list_breaks(MADE[name], MADE[name], is_read=name in READ) == []


def list_objects(schema: Any) -> Iterator[Json]:
    """All that describe an object with named keys, at any depth."""
    if isinstance(schema, dict) and schema.get("properties"):
        yield schema
    for value in schema.values() if isinstance(schema, dict) else schema:
        if isinstance(value, dict | list):
            yield from list_objects(value)


def change_each(schema: Json, change: Callable[[Json, str], bool | None]) -> Iterator[Json]:
    """The schema with one key of one object changed, for each of them; not where `change` is False."""
    for place, one in enumerate(list_objects(schema)):
        for key in one["properties"]:
            changed = deepcopy(schema)
            if change([*list_objects(changed)][place], key) is not False:
                yield changed


def remove(one: Json, key: str) -> None:
    del one["properties"][key]
    one["required"] = [name for name in one.get("required", []) if name != key]


def release(one: Json, key: str) -> bool:
    is_required = key in one.get("required", [])
    one["required"] = [name for name in one.get("required", []) if name != key]
    return is_required


def require(one: Json, key: str) -> bool:
    is_required = key in one.get("required", [])
    one["required"] = [*one.get("required", []), key]
    return not is_required


def widen(one: Json, key: str) -> None:
    one["properties"][key] = {}


def narrow(one: Json, key: str) -> None:
    one["properties"][key] = {"const": "nothing else"}


def add(one: Json, _key: str) -> None:
    one["properties"]["added"] = {"type": "string"}


def add_required(one: Json, _key: str) -> None:
    add(one, "")
    one["required"] = [*one.get("required", []), "added"]


@pytest.mark.parametrize("name", WRITTEN)
@pytest.mark.parametrize("change", [remove, release, widen])
def test_reader_of_every_key_is_protected(name: str, change: Callable[..., bool | None]) -> None:
    changed = [*change_each(MADE[name], change)]
    assert changed
    assert all(list_breaks(MADE[name], one, is_read=False) for one in changed)


@pytest.mark.parametrize("name", [name for name in READ if [*list_objects(MADE[name])]])
@pytest.mark.parametrize("change", [remove, require, narrow, add_required])
def test_sender_of_every_key_is_protected(name: str, change: Callable[..., bool | None]) -> None:
    changed = [*change_each(MADE[name], change)]
    assert changed or change is require
    assert all(list_breaks(MADE[name], one, is_read=True) for one in changed)


@pytest.mark.parametrize("name", MADE)
def test_new_key_breaks_nobody(name: str) -> None:
    for one in change_each(MADE[name], add):
        assert list_breaks(MADE[name], one, is_read=name in READ) == []


SCALARS: st.SearchStrategy[Json] = st.sampled_from(
    [TEXT, NUMBER, WHOLE, NOTHING, {"type": "boolean"}, {"const": 1}, {}]
)
LISTED = st.builds(
    lambda values: {"enum": values},
    st.lists(st.sampled_from(["a", "b", 1, None]), min_size=1, unique=True),
)
LIMITED = st.builds(
    lambda low, high: {**WHOLE, "minimum": low, "maximum": high},
    st.integers(0, 2),
    st.integers(2, 4),
)


def nest(
    inner: st.SearchStrategy[Json], *, closed: st.SearchStrategy[bool]
) -> st.SearchStrategy[Json]:
    """Schemas of which these are parts; an object is `closed` to unknown keys, or not."""
    properties = st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    return st.one_of(
        st.builds(lambda one: {"type": "array", "items": one}, inner),
        st.builds(lambda some: {"anyOf": some}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(
            lambda named, closed, needed: make_object(
                *sorted({*needed} & named.keys()), closed=closed, **named
            ),
            properties,
            closed,
            st.lists(st.sampled_from("abc"), max_size=2),
        ),
    )


def make_some(closed: st.SearchStrategy[bool]) -> st.SearchStrategy[Json]:
    """Schemas of all kinds."""
    return st.recursive(
        SCALARS | LISTED | LIMITED, lambda inner: nest(inner, closed=closed), max_leaves=5
    )


def list_places(schema: Any) -> Iterator[tuple[Any, Any]]:
    """Where a schema stands in this one, at any depth: in which list or object, and at which key."""
    properties, some = schema.get("properties", {}), schema.get("anyOf", [])
    places = [(properties, key) for key in properties] + [(some, key) for key in range(len(some))]
    for holder, key in places + ([(schema, "items")] if "items" in schema else []):
        yield holder, key
        yield from list_places(holder[key])


@st.composite
def draw_two(draw: st.DrawFn, closed: st.SearchStrategy[bool]) -> tuple[Json, Json]:
    """A schema, and the same with something of it changed."""
    some = make_some(closed)
    whole = {"items": draw(some)}
    changed = deepcopy(whole)
    holder, key = draw(st.sampled_from([*list_places(changed)]))
    one, other = holder[key], draw(some)
    holder[key] = draw(st.sampled_from([other, {"anyOf": [one, other]}, *one.get("anyOf", [])]))
    return whole["items"], changed["items"]


VALUES = ["a", "b", "c", "", 0, 1, 2, 5, 0.5, None, True]
LISTS = [[], *([one] for one in VALUES), [1, "a"], [[]], [{"a": 1}]]
OBJECTS = [
    {},
    *({key: one} for key in "abd" for one in [*VALUES, *LISTS]),
    {"a": 1, "b": "a", "c": 2},
]
DOCUMENTS: list[Any] = [*VALUES, *LISTS, *OBJECTS]


@given(draw_two(st.booleans()))
def test_what_is_written_without_a_break_is_as_the_release_said(two: tuple[Json, Json]) -> None:
    released, schema = map(Draft202012Validator, two)
    if not list_breaks(*two, is_read=False):
        assert all(released.is_valid(one) for one in DOCUMENTS if schema.is_valid(one))


@given(draw_two(st.just(True)))
def test_what_was_read_is_read_without_a_break(two: tuple[Json, Json]) -> None:
    released, schema = map(Draft202012Validator, two)
    if not list_breaks(*two, is_read=True):
        assert all(schema.is_valid(one) for one in DOCUMENTS if released.is_valid(one))
