"""Prints NOTICE, of what the package bundles with all its parts; a part of `make lock`."""

from __future__ import annotations

from local.development import ROOT
from local.package.contents import collect_dependencies
from local.package.dependencies import CACHE, install_dependencies
from local.package.licences import list_bundled, write_notice

if __name__ == "__main__":
    folder = install_dependencies(ROOT / "requirements.lock", CACHE)
    print(write_notice(list_bundled(collect_dependencies(folder), folder)), end="")
