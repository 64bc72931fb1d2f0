"""Request parameters as data: what a field may be, and the check of a request against a table of them."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from local.cloud.errors import ApiError

Kind = Literal["bool", "int", "float", "str", "object", "list"]
# Says what is wrong with a value, in words that follow "The parameter `X` ".
Complaint = Callable[[object], str | None]

_NUMBER = re.compile(r"-?\d{1,18}", re.ASCII)
_KIND_WORDS = {
    "bool": "true or false",
    "int": "an integer",
    "float": "a number",
    "str": "a string",
    "object": "an object",
    "list": "a list",
}


def _accept(_value: object) -> None:
    return None


@dataclass(frozen=True)
class Field:
    """One parameter; `missing` is the error code of its absence, None where it may be left out.

    `complaint_code` is the code for what `complain` says, None where it is the action's usual one.
    """

    kind: Kind
    missing: str | None = None
    complain: Complaint = _accept
    complaint_code: str | None = None
    may_be_empty: bool = False
    fields: "Mapping[str, Field] | None" = None
    item: "Field | None" = None


Table = Mapping[str, Field]


def boolean() -> Field:
    """True or false."""
    return Field("bool")


def integer(low: int, high: int, *, missing: str | None = None) -> Field:
    """A whole number in a closed range."""
    return Field("int", missing, _range(low, high))


def number(low: float, high: float, *, above: bool = False) -> Field:
    """A number in a closed range; with `above` the lower end itself is excluded."""
    return Field("float", None, _range(low, high, above))


def text(
    *, missing: str | None = None, complain: Complaint = _accept, complaint_code: str | None = None
) -> Field:
    """A string; an empty one counts as absent where the parameter is required."""
    return Field("str", missing, complain, complaint_code)


def choice(*values: str, missing: str | None = None) -> Field:
    """A string out of a few."""
    return Field("str", missing, lambda value: _choose(value, values))


def group(fields: Table, *, missing: str | None = None) -> Field:
    """An object with fields of its own."""
    return Field("object", missing, fields=fields)


def items(item: Field, *, at_most: int | None = None, missing: str | None = None) -> Field:
    """A list."""
    return Field("list", missing, lambda value: _count(value, at_most), item=item)


@dataclass(frozen=True)
class Checker:
    """Checks requests of one action; `value_code` is its error code for a value out of range."""

    table: Table
    value_code: str

    def check(self, parameters: object, *, from_query: bool = False) -> dict[str, object]:
        """The parameters without nulls; raises ApiError naming the path of what is wrong.

        With `from_query` numbers may be written as text: a query string has no types.
        """
        return self._check_object(self.table, parameters, "", from_query)

    def _check_object(
        self, table: Table, given: object, path: str, lenient: bool
    ) -> dict[str, object]:
        if not isinstance(given, dict):
            raise ApiError("InvalidParameter", f"The parameter `{path or '.'}` is not an object.")
        present = {name: value for name, value in given.items() if value is not None}
        for name in present:
            if name not in table:
                raise ApiError("UnknownParameter", f"The parameter `{path}{name}` is unknown.")
        for name, field in table.items():
            if field.missing and _is_missing(field, present.get(name)):
                raise ApiError(field.missing, f"The parameter `{path}{name}` is required.")
        return {
            name: self._check_value(table[name], value, path + name, lenient)
            for name, value in present.items()
        }

    def _check_value(self, field: Field, given: object, path: str, lenient: bool) -> object:
        value = _read_number(field, given) if lenient else given
        if not _has_kind(field.kind, value):
            kind = _KIND_WORDS[field.kind]
            raise ApiError("InvalidParameter", f"The parameter `{path}` must be {kind}.")
        complaint = field.complain(value)
        if complaint:
            code = field.complaint_code or self.value_code
            raise ApiError(code, f"The parameter `{path}` {complaint}.")
        if field.fields is not None:
            return self._check_object(field.fields, value, f"{path}.", lenient)
        if field.item is not None and isinstance(value, list):
            item = field.item
            return [self._check_value(item, v, f"{path}.{i}", lenient) for i, v in enumerate(value)]
        return value


def _is_missing(field: Field, value: object) -> bool:
    return value is None or (value == "" and not field.may_be_empty)


def _has_kind(kind: Kind, value: object) -> bool:
    if isinstance(value, bool) or kind == "bool":
        return isinstance(value, bool) and kind == "bool"
    if kind == "int":
        return isinstance(value, int)
    if kind == "float":
        return isinstance(value, int | float)
    return isinstance(value, {"str": str, "object": dict, "list": list}[kind])


def _read_number(field: Field, value: object) -> object:
    if not isinstance(value, str):
        return value
    if field.kind == "int" and _NUMBER.fullmatch(value):
        return int(value)
    if field.kind == "float":
        try:
            return float(value)
        except ValueError:
            return value
    return value


def _range(low: float, high: float, above: bool = False) -> Complaint:
    words = f"must be {f'above {low} and up' if above else f'from {low}'} to {high}"

    def complain(value: object) -> str | None:
        if not isinstance(value, int | float):
            return words
        inside = low < value <= high if above else low <= value <= high
        return None if inside else words

    return complain


def _choose(value: object, values: tuple[str, ...]) -> str | None:
    return None if value in values else f"must be one of {', '.join(values)}"


def _count(value: object, at_most: int | None) -> str | None:
    if at_most is None or not isinstance(value, list) or len(value) <= at_most:
        return None
    return f"must have at most {at_most} entries"
