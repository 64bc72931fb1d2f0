"""Parameters in a query string: `SubscribeList.0.UserId=teacher` is an entry of a list of objects."""

from collections.abc import Iterable

MAX_DEPTH = 16

Tree = dict[str, "Tree | str"]


def nest_query(pairs: Iterable[tuple[str, str]]) -> object:
    """The parameters as JSON would have them, all values text; later pairs win over earlier ones."""
    tree: Tree = {}
    for name, value in pairs:
        *path, last = name.split(".", MAX_DEPTH)
        _descend(tree, path)[last] = value
    return _fold(tree)


def _descend(tree: Tree, path: list[str]) -> Tree:
    for part in path:
        inner = tree.get(part)
        if not isinstance(inner, dict):
            inner = {}
            tree[part] = inner
        tree = inner
    return tree


def _fold(tree: "Tree | str") -> object:
    """Objects whose keys are 0, 1, 2, … become lists."""
    if isinstance(tree, str):
        return tree
    places = [str(index) for index in range(len(tree))]
    if tree and tree.keys() == set(places):
        return [_fold(tree[place]) for place in places]
    return {key: _fold(value) for key, value in tree.items()}
