"""One target under atheris: `python -m tests.fuzz.driver TARGET OPTION…`, with libFuzzer's options.

What the parsers are made of is instrumented as it is imported; of what is written in C nothing is seen.
"""

from __future__ import annotations

import sys

import atheris

INSTRUMENTED = ["shared", "local", "tomllib", "urllib.parse", "json"]


atheris.enabled_hooks.add("str")


def main() -> None:
    """Run until the options say to stop; a failure ends the process and leaves its input in a file."""
    name, *options = sys.argv[1:]
    with atheris.instrument_imports(include=INSTRUMENTED):
        from tests.fuzz.inputs import load_target
        from tests.fuzz.judge import judge

        target = load_target(name)
    run = judge(target.run)
    atheris.Setup([name, *options], lambda data: run(bytes(data)))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
