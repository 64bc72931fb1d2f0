"""What `make fuzz` begins with, and all with which a target failed once; and that the targets notice."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable

import pytest

from tests.fuzz.__main__ import Ran, describe
from tests.fuzz.inputs import FOLDER, TARGETS, list_inputs, load_target
from tests.fuzz.judge import HangError, judge

# A function of each target's that is what the target is about.
JUDGED = {
    "callbacks": "receive_callback",
    "formats": "write_srt",
    "ledger": "find_room",
    "links": "read_link",
    "replay": "renew",
    "rules": "parse_rules",
    "settings": "read_settings",
    "tc3": "check_signature",
}
DONE = """
#1000000\tDONE   cov: 290 ft: 715 corp: 88/20Kb lim: 1210 exec/s: 15158 rss: 48Mb
stat::average_exec_per_sec:     15158
stat::peak_rss_mb:              48
"""


def run_all(run: Callable[[bytes], None], inputs: Iterable[bytes]) -> None:
    """Run each input; the first that breaks a promise ends it."""
    for data in inputs:
        run(data)


@pytest.mark.parametrize("name", TARGETS)
def test_inputs_break_no_promise(name: str) -> None:
    run_all(load_target(name).run, (b"", *list_inputs(name)))


@pytest.mark.parametrize("name", TARGETS)
def test_target_notices_an_error_that_is_none_of_ours(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def crash(*_args: object, **_named: object) -> None:
        raise KeyError("nobody expected this")

    module = importlib.import_module(f"tests.fuzz.targets.{name}")
    monkeypatch.setattr(module, JUDGED[name], crash)
    with pytest.raises(KeyError, match="nobody expected this"):
        run_all(module.run, list_inputs(name))


def test_every_regression_belongs_to_a_target() -> None:
    assert {path.name for path in (FOLDER / "regressions").iterdir()} <= {*TARGETS}


def test_input_that_takes_too_long_is_a_failure() -> None:
    judge(len)(b"quick")  # type: ignore[arg-type]  # what it returns is nobody's
    with pytest.raises(HangError, match=r"5 bytes took 0\.\d s"):
        judge(len, longest_s=0.0)(b"quick")  # type: ignore[arg-type]


def test_figures_are_those_of_libfuzzer() -> None:
    line = "callbacks   1000000 executions, 15158/s, corpus 88/20Kb, cov 290, ft 715, at most 48 MB"
    assert describe(Ran("callbacks", 0, DONE)) == line
    assert describe(Ran("callbacks", 77, DONE + "crash")).startswith("callbacks: FAILED\n")
    assert "no DONE" in describe(Ran("callbacks", 0, "no DONE"))
