"""The version stands in one place, and all that tell it read it there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from setuptools.config.pyprojecttoml import read_configuration

from shared import VERSION

ROOT = Path(__file__).parents[2]
PLACE = ROOT / "shared" / "__init__.py"
FOLDERS = ("shared", "functions", "local", "deploy", "benchmarks", "examples", ".ci")
TOLD = (*ROOT.glob("*"), *(path for folder in FOLDERS for path in (ROOT / folder).rglob("*")))
KINDS = (".py", ".toml", ".yml", ".sh", ".js", ".mjs", ".html")
NAMES = ("Makefile", "roomscribe", "run", "environment")


@pytest.mark.filterwarnings("ignore:Support for")  # older setuptools call it beta
def test_pyproject_has_the_version_of_the_functions() -> None:
    """As setuptools reads it."""
    assert read_configuration(ROOT / "pyproject.toml")["project"]["version"] == VERSION
    assert re.fullmatch(r"\d+\.\d+\.\d+", VERSION)


def test_no_other_file_has_it() -> None:
    pattern = re.compile(rf"""["']v?{re.escape(VERSION)}["']""")
    texts = {
        path: path.read_text("utf-8")
        for path in TOLD
        if (path.suffix in KINDS or path.name in NAMES) and path.is_file() and path != PLACE
    }
    assert len(texts) > 300
    assert [path for path, text in texts.items() if pattern.search(text)] == []
