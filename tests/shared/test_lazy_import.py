"""A module imported lazily is loaded when something of it is used."""

from __future__ import annotations

import sys

import pytest

from shared.lazy_import import LazyModule, lazy_import

NAME = "wave"  # of the standard library, and nobody's here


@pytest.fixture(autouse=True)
def not_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, NAME, raising=False)


def test_module_is_loaded_when_something_of_it_is_used() -> None:
    with lazy_import(NAME):
        import wave
    assert isinstance(wave, LazyModule)
    assert NAME not in sys.modules
    assert wave.Wave_read.__module__ == NAME
    assert not isinstance(sys.modules[NAME], LazyModule)


def test_module_that_is_loaded_already_stays() -> None:
    import wave as first

    with lazy_import(NAME):
        import wave as second
    assert second is first is sys.modules[NAME]


def test_name_that_the_module_lacks_is_refused() -> None:
    with lazy_import(NAME):
        import wave
    with pytest.raises(AttributeError):
        wave.no_such_thing  # type: ignore[attr-defined]  # noqa: B018
