"""The house keeps its rules, and the README says nothing that is not so."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

import msgspec
import pytest

from local.cli import app
from local.cloud.actions import Actions
from local.cloud.parameters import ACTIONS
from local.cloud.room_data import RoomData
from local.host.scf_api import ScfApi
from local.scf.control import ControlPlane
from local.scf.parameters import TABLES
from local.scf.trigger_actions import TriggerActions
from local.scf.version_actions import VersionActions
from shared.errors import SettingsError
from shared.rules.decision import Rule
from shared.services.checks import list_values
from shared.services.parameters import KEYS, UNSENT
from shared.settings import CREDENTIAL_NAMES, read_settings
from shared.site import Site
from shared.stored import UNKNOWN

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
README = (ROOT / "README.md").read_text(encoding="utf-8")
FUNCTIONS = sorted(path.stem for path in (ROOT / "functions").glob("*.py"))


def find_imports(folder: str) -> set[str]:
    """The top-level packages that the files below a folder import."""
    found = set()
    for path in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.partition(".")[0])
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
    return found


@pytest.mark.parametrize(
    ("folder", "forbidden"),
    [
        ("shared", {"functions", "local", "tests", *FUNCTIONS}),
        ("functions", {"functions", "local", "tests", *FUNCTIONS}),
        ("local/cloud", {"shared", "functions", "tests", *FUNCTIONS}),
    ],
)
def test_dependencies_point_one_way(folder: str, forbidden: set[str]) -> None:
    assert not find_imports(folder) & forbidden


def read_folder(folder: str) -> dict[str, str]:
    """The source of every module below a folder, by its dotted name."""
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): (
            path.read_text(encoding="utf-8")
        )
        for path in (ROOT / folder).rglob("*.py")
    }


def find_circle(sources: Mapping[str, str]) -> list[str]:
    """Modules, or packages, that import each other in a circle; empty where there are none.

    Only imports on module level count, those for type checkers among them.
    """
    imports = {name: {*list_imports(source, sources)} for name, source in sources.items()}
    for depth in range(1, 1 + max(name.count(".") + 1 for name in sources)):
        try:
            TopologicalSorter(cut_names(imports, depth)).prepare()
        except CycleError as error:
            return [*error.args[1]]
    return []


def list_imports(source: str, known: Mapping[str, str]) -> Iterator[str]:
    """The modules of `known` that a module imports."""
    nodes: list[ast.AST] = [ast.parse(source)]
    for node in nodes:
        if isinstance(node, ast.ImportFrom):
            assert node.module, "relative imports are not followed"
            for name in node.names:
                module = f"{node.module}.{name.name}"
                yield from known.keys() & {module} or known.keys() & {node.module}
        elif isinstance(node, ast.Import):
            yield from known.keys() & {name.name for name in node.names}
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            nodes += ast.iter_child_nodes(node)


def cut_names(imports: Mapping[str, set[str]], depth: int) -> dict[str, set[str]]:
    """Imports between the packages that are so deep, and the modules that are no deeper."""
    cut: dict[str, set[str]] = {}
    for name, imported in imports.items():
        short = ".".join(name.split(".")[:depth])
        others = {".".join(other.split(".")[:depth]) for other in imported}
        cut[short] = cut.get(short, set()) | others - {short}
    return cut


@pytest.mark.parametrize("folder", ["local", "shared", "deploy", "benchmarks"])
def test_no_import_leads_back_to_where_it_is(folder: str) -> None:
    assert find_circle(read_folder(folder)) == []


@pytest.mark.parametrize(
    ("sources", "circle"),
    [
        ({"a.one": "import a.two", "a.two": "from a.one import x"}, {"a.one", "a.two"}),
        ({"a.one": "from a import two", "a.two": "import a.one"}, {"a.one", "a.two"}),
        ({"a.one": "from a import two, x", "a.two": "", "a": "import a.one"}, {"a", "a.one"}),
        (
            {"a.one": "if TYPE_CHECKING:\n import a.two", "a.two": "import a.one"},
            {"a.one", "a.two"},
        ),
        ({"a.b.up": "import a.c", "a.c": "import a.b.down", "a.b.down": ""}, {"a.b", "a.c"}),
        ({"a.one": "def late():\n import a.two", "a.two": "import a.one"}, set()),
        ({"a.one": "import a.two, os", "a.two": "import a.three", "a.three": ""}, set()),
    ],
    ids=["modules", "from", "package", "types", "packages", "late", "none"],
)
def test_circle_of_imports_is_found(sources: dict[str, str], circle: set[str]) -> None:
    assert {*find_circle(sources)} == circle


@pytest.mark.parametrize("action", [*ACTIONS, *TABLES, "Invoke"])
def test_action_of_the_emulator_is_one_method_named_as_it_is(action: str) -> None:
    name = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", action).lower()
    places = (Actions, RoomData, ControlPlane, TriggerActions, VersionActions, ScfApi)
    assert len([place for place in places if name in vars(place)]) == 1


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function_is_short_and_has_its_handler(name: str) -> None:
    lines = (ROOT / "functions" / f"{name}.py").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 60
    assert callable(importlib.import_module(name).main_handler)


def test_readme_is_short_enough_to_be_read() -> None:
    assert len(README.splitlines()) <= 150


def list_named(page: str, first_cell: str) -> set[str]:
    """What a page's tables name in code in their first column, of tables whose heading begins so."""
    text = (DOCS / page).read_text(encoding="utf-8")
    tables = [rest.partition("\n\n")[0] for rest in text.split(f"| {first_cell} |")[1:]]
    cells = [
        cell for table in tables for cell in re.findall(r"^\| (`[^|]*)\|", table, re.MULTILINE)
    ]
    return {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}


def test_settings_page_names_every_setting_and_no_other() -> None:
    assert list_named("settings.md", "variable") == find_settings()


def find_settings() -> set[str]:
    """The names that are looked up when all settings are read."""
    asked = set()

    class Environment(dict[str, str]):
        def get(self, key: str, default: Any = None) -> Any:
            asked.add(key)
            return default

    with pytest.raises(SettingsError):
        read_settings(Environment())
    return (asked | set(CREDENTIAL_NAMES[1])) - {"TENCENTCLOUD_RUNENV"}


def test_local_cloud_page_names_every_command_and_no_other() -> None:
    page = (DOCS / "local-cloud.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| `\./roomscribe (\w+)` \|", page, re.MULTILINE))
    names = {
        command.name or command.callback.__name__
        for command in app.registered_commands
        if command.callback
    }
    assert listed == names


def test_functions_page_names_every_function_and_no_other() -> None:
    assert sorted(list_named("functions.md", "function")) == FUNCTIONS


def test_rules_page_names_every_key_and_no_other() -> None:
    rule = {field.encode_name for field in msgspec.structs.fields(Rule)} - {UNKNOWN}
    assert list_named("rules.md", "key") == rule
    for service, keys in KEYS.items():
        number = {"cloud": "2.0", "ai": "1.0"}[service]
        named = list_named("rules.md", f"key of `{service}` ({number})")
        assert named == {*keys, *UNSENT}


@pytest.mark.parametrize("service", ["cloud", "ai"])
def test_rules_page_lists_the_languages_of_the_code(service: str) -> None:
    page = (DOCS / "rules.md").read_text(encoding="utf-8")
    rows = dict(re.findall(rf"^\| `{service}\.(\w+)` \| (.+) \|$", page, re.MULTILINE))
    named = {key: {*" ".join(re.findall(r"`([^`]+)`", row)).split()} for key, row in rows.items()}
    china = {key: {*re.findall(r"China only: `(\w+)`", row)} for key, row in rows.items()}
    others = ("region", "tts.model", "terminologies.target_lang")  # the last: as translate_to
    sites: tuple[Site, Site] = ("unknown", "international")
    everywhere, international = (
        {key: {*words} for key, words in list_values(service, site).items() if key not in others}
        for site in sites
    )
    assert named == everywhere
    assert {key: named[key] - china[key] for key in named} == international


@pytest.mark.parametrize(
    "file",
    [
        *("requirements.txt", "requirements-local.txt", "requirements-dev.txt"),
        *("requirements-build.txt", "requirements-fuzz.txt"),
        *("benchmarks/peers/requirements.txt", "deploy/requirements.txt"),
    ],
)
def test_every_requirement_is_pinned_and_has_its_reason(file: str) -> None:
    for line in (ROOT / file).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith(("#", "-r ")):
            assert re.fullmatch(r"[\w.-]+==[\w.]+ +# .+", line), line
