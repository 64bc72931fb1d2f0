"""pip as it is asked: from where this machine's configuration says, and to where we say.

A company's index, proxy and certificates are kept. What changes where or what is installed is not, like
`user = true` in pip.conf, PIP_TARGET or `only-binary`. Only the standard library: a fresh virtual environment
runs this file before anything is installed in it.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping

# Source: pip 26 documentation, General and Package Index Options. Later sections count more.
KEPT = (
    *("index-url", "extra-index-url", "no-index", "find-links", "trusted-host", "cert"),
    *("client-cert", "proxy", "timeout", "default-timeout", "retries", "cache-dir"),
    *("no-cache-dir", "keyring-provider", "use-feature"),
)
SECTIONS = ("global", "install", ":env:")


def clean_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment for pip, with what is kept of its configuration in place of all of it."""
    kept = {name: value for name, value in environ.items() if not name.startswith("PIP_")}
    found = sorted(_list_configuration(environ), key=lambda each: SECTIONS.index(each[0]))
    options = {f"PIP_{name.replace('-', '_').upper()}": value for _, name, value in found}
    return {**kept, **options, "PIP_CONFIG_FILE": os.devnull}


def _list_configuration(environ: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """(section, option, value) of what is kept; several values have a space between them.

    To `pip config`, the option `user` and its like mean one file only.
    """
    whole = {"PIP_USER": "0", "PIP_GLOBAL": "0", "PIP_SITE": "0"}
    done = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list", "--disable-pip-version-check"],
        env={**environ, **whole},
        capture_output=True,
        text=True,
        check=False,
    )
    for line in done.stdout.splitlines():
        key, _, text = line.partition("=")
        section, _, name = key.rpartition(".")
        if section in SECTIONS and name in KEPT:
            yield section, name, " ".join(str(ast.literal_eval(text)).split())


if __name__ == "__main__":
    command = [sys.executable, "-m", "pip", *sys.argv[1:]]
    sys.exit(subprocess.call(command, env=clean_environment(os.environ)))  # noqa: S603
