"""A module is put off until somebody asks it for something."""

from __future__ import annotations

import sys

import pytest

from shared.late import LateModule, importing_late

NAME = "wave"  # of the standard library, and nobody's here


@pytest.fixture(autouse=True)
def not_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, NAME, raising=False)


def test_module_is_loaded_when_something_of_it_is_asked_for() -> None:
    with importing_late(NAME):
        import wave
    assert isinstance(wave, LateModule)
    assert NAME not in sys.modules
    assert wave.Wave_read.__module__ == NAME
    assert not isinstance(sys.modules[NAME], LateModule)


def test_module_that_is_there_already_stays() -> None:
    import wave as first

    with importing_late(NAME):
        import wave as second
    assert second is first is sys.modules[NAME]


def test_name_that_it_has_not_is_refused() -> None:
    with importing_late(NAME):
        import wave
    with pytest.raises(AttributeError):
        wave.no_such_thing  # type: ignore[attr-defined]  # noqa: B018
