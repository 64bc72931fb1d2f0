"""What a schema breaks for those who rely on that of a release.

Whoever reads what Roomscribe writes relies on every document being as the released schema says, and on no key
or word of it going away. Whoever sends what Roomscribe reads relies on being understood as before.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator
from msgspec import Struct

from shared.scf import Json

NOTES = {"$schema", "$defs", "title", "description", "examples", "default"}
LEAST, MOST = ("minimum", "minLength", "minItems"), ("maximum", "maxLength", "maxItems")
SAME = ("pattern", "format")
OF_OBJECTS = {"properties", "required", "additionalProperties"}
KNOWN = {"anyOf", "enum", "const", "type", "not", "items", *LEAST, *MOST, *SAME, *OF_OBJECTS}
ANY: Json = {}


def list_breaks(released: Json, schema: Json, *, is_read: bool) -> list[str]:
    """A line for each promise of the released schema that `schema` does not keep.

    `is_read`: the documents are sent to Roomscribe. Raises ValueError for a keyword that is not compared.
    """
    wide, narrow = (schema, released) if is_read else (released, schema)
    return [*dict.fromkeys(_Comparison(wide, narrow, is_read).compare("", wide, narrow))]


class _Comparison(Struct):
    """Whether all that `narrow` allows is allowed by `wide`; both are whole schemas, with their $defs.

    Of what is written the released schema is the wide one, of what is read the new one.
    """

    wide: Json
    narrow: Json
    is_read: bool

    def compare(self, path: str, wide: Json, narrow: Json) -> Iterator[str]:
        """The breaks at `path` and below it."""
        wide, narrow = _resolve(wide, self.wide), _resolve(narrow, self.narrow)
        if self.is_read and "default" in narrow and wide.get("default") != narrow["default"]:
            yield f"{path}: another default"
        wides = [*_list_alternatives(wide, self.wide)]
        narrows = [*_split(narrow, self.narrow)]
        found = [line for one in narrows for line in self._find_fewest(path, wides, one)]
        yield from found
        if not self.is_read and not found:
            yield from self._list_gone(path, [*_split(wide, self.wide)], narrows)

    def _find_fewest(self, path: str, wides: list[Json], narrow: Json) -> list[str]:
        """The breaks of the alternative that fits best: none if one of them allows all of `narrow`."""
        return min(([*self._compare_one(path, wide, narrow)] for wide in wides), key=len)

    def _list_gone(self, path: str, wides: list[Json], narrows: list[Json]) -> Iterator[str]:
        """Words, and kinds of objects, that were written and are not any more."""
        for wide in wides:
            is_named = "const" in wide or "properties" in wide
            if is_named and all([*self._compare_one(path, wide, one)] for one in narrows):
                yield f"{path}: {wide.get('const', 'a kind of object')} is gone"

    def _compare_one(self, path: str, wide: Json, narrow: Json) -> Iterator[str]:
        """The breaks of one alternative against one other, neither of which has an `anyOf`."""
        listed = wide.get("enum", [wide["const"]] if "const" in wide else None)
        if "const" in narrow:
            if not _is_allowed(narrow["const"], listed, wide):
                yield f"{path}: {narrow['const']} is {'refused' if self.is_read else 'new'}"
            return
        if listed is not None:
            yield f"{path}: {'only listed values' if self.is_read else 'any value'}"
            return
        yield from self._compare_ranges(path, wide, narrow)
        yield from self._compare_objects(path, wide, narrow)
        if "items" in wide:
            yield from self.compare(f"{path}[]", wide["items"], narrow.get("items", ANY))

    def _compare_ranges(self, path: str, wide: Json, narrow: Json) -> Iterator[str]:
        kind, allowed = narrow.get("type"), wide.get("type")
        allowed = allowed if isinstance(allowed, list) else [allowed]
        is_integer = kind == "integer" and "number" in allowed
        if not (is_integer or kind in allowed or allowed == [None]):
            yield f"{path}: {kind or 'any type'} instead of {wide['type']}"
        for key in (*LEAST, *MOST, *SAME):
            if key in wide and not _is_within(key, wide[key], narrow.get(key)):
                yield f"{path}: {key} {narrow.get(key)} instead of {wide[key]}"
        kept = narrow.get("not", ANY).get("enum", [])
        for value in wide.get("not", ANY).get("enum", []):
            if value not in kept:
                yield f"{path}: {value} has another form"

    def _compare_objects(self, path: str, wide: Json, narrow: Json) -> Iterator[str]:
        wides, narrows = wide.get("properties", {}), narrow.get("properties", {})
        others, new_others = (one.get("additionalProperties", ANY) for one in (wide, narrow))
        for name in {*wide.get("required", [])} - {*narrow.get("required", [])}:
            yield f"{path}.{name}: {'required' if self.is_read else 'not always there'}"
        if not self.is_read:
            yield from (f"{path}.{name}: is gone" for name in wides.keys() - narrows.keys())
        for name, one in narrows.items():
            if name in wides:
                yield from self.compare(f"{path}.{name}", wides[name], one)
            elif others is False or self.is_read:
                yield f"{path}.{name}: {'not read any more' if self.is_read else 'is new'}"
            else:
                yield from self.compare(f"{path}.{name}", others, one)
        if others is False and new_others is not False:
            yield f"{path}: {'unknown keys are refused' if self.is_read else 'may have more keys'}"
        elif others and new_others is not False:
            yield from self.compare(f"{path}.*", others, new_others)


def _is_allowed(value: object, listed: list[object] | None, wide: Json) -> bool:
    """Whether a schema allows a value: one that it lists, or else one of its type and within its limits."""
    if listed is None:
        return bool(Draft202012Validator(wide).is_valid(value))
    return any(type(one) is type(value) and one == value for one in listed)  # True is not 1


def _is_within(key: str, wide: Any, narrow: Any) -> bool:
    """Whether a limit is at least as narrow as another one; None: there is none."""
    if narrow is None or key in SAME:
        return bool(narrow == wide)
    return bool(narrow >= wide if key in LEAST else narrow <= wide)


def _resolve(schema: Json, root: Json) -> Json:
    """The schema with what its `$ref` names in it; raises ValueError for a keyword that is not compared."""
    while "$ref" in schema:
        rest = {key: value for key, value in schema.items() if key != "$ref"}
        schema = {**root["$defs"][schema["$ref"].rpartition("/")[2]], **rest}
    used = schema.keys() - NOTES
    if (
        used - KNOWN
        or ("anyOf" in used and len(used) > 1)
        or schema.get("not", ANY).keys() - {"enum"}
    ):
        raise ValueError(f"these keywords are not compared, or not together: {sorted(used)}")
    return schema


def _list_alternatives(schema: Json, root: Json) -> Iterator[Json]:
    """Each schema of which one must fit."""
    schema = _resolve(schema, root)
    for one in schema.get("anyOf", []):
        yield from _list_alternatives(one, root)
    if "anyOf" not in schema:
        yield schema


def _split(schema: Json, root: Json) -> Iterator[Json]:
    """The alternatives of a schema, and of these each listed value, and each type of several."""
    for one in _list_alternatives(schema, root):
        if "enum" in one:
            yield from ({"const": value} for value in one["enum"])
        elif isinstance(one.get("type"), list):
            yield from ({**one, "type": kind} for kind in one["type"])
        else:
            yield one
