"""`./roomscribe`: one script from any folder; a first run whatever pip and Python are told elsewhere."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path

import pytest

from local.package.dependencies import install_dependencies
from local.package.pip import clean_environment
from shared import VERSION

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 120.0
MINOR = f"{sys.version_info[0]}.{sys.version_info[1]}"
COMMAND = """
import json, os, sys
import demo
told = {"arguments": sys.argv[1:], "folder": os.getcwd(), "demo": demo.__file__}
print(json.dumps(told))
"""
# What would send packages elsewhere, or leave them out.
WRONG_CONFIGURATION = """
[global]
user = true
target = {elsewhere}
only-binary = :none:
[install]
user = true
prefix = {elsewhere}
no-deps = true
"""
WRONG_VARIABLES = {
    "PIP_USER": "1",
    "PIP_TARGET": "{elsewhere}",
    "PIP_PREFIX": "{elsewhere}",
    "PIP_ROOT": "{elsewhere}",
    "PIP_REQUIRE_VIRTUALENV": "1",
    "PIP_DRY_RUN": "1",
    "PIP_NO_BINARY": ":all:",
    "PIP_CONSTRAINT": "{elsewhere}/no-such-file.txt",
    "PYTHONHOME": "{elsewhere}",
    "PYTHONPATH": "{elsewhere}",
    "PYTHONSAFEPATH": "1",
    "PYTHONUSERBASE": "{elsewhere}",
}


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    """An index of two packages: `demo`, and `needed`, which it needs."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    write_wheel(folder, "needed", "")
    write_wheel(folder, "demo", "Requires-Dist: needed\n")
    return folder


def write_wheel(folder: Path, name: str, needs: str) -> None:
    about = f"{name}-1.dist-info"
    files = {
        f"{name}.py": "",
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n{needs}",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{about}/RECORD": "",
    }
    with zipfile.ZipFile(folder / f"{name}-1-py3-none-any.whl", "w") as wheel:
        for path, text in files.items():
            wheel.writestr(path, text)


@pytest.fixture
def checkout(wheels: Path, tmp_path: Path) -> Path:
    """A project with the real launcher, and a command that needs `demo` and tells how it is run."""
    root = tmp_path / "a checkout"
    for file in ("roomscribe", "Makefile", ".ci/environment", ".ci/find-python"):
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / file, root / file)
    (root / "local" / "package").mkdir(parents=True)
    shutil.copy(ROOT / "local" / "package" / "pip.py", root / "local" / "package")
    shutil.copy(ROOT / "local" / "__main__.py", root / "local")
    (root / "local" / "cli.py").write_text(f"def main():\n    exec({COMMAND!r})\n")
    (root / "requirements-build.lock").write_text("# nothing comes as sources only\n")
    (root / "requirements-local.lock").write_text(lock_wheels(wheels, "demo", "needed"))
    return root


def lock_wheels(wheels: Path, *names: str) -> str:
    """Lines of a lock, with the hashes of the wheels."""
    files = {name: (wheels / f"{name}-1-py3-none-any.whl").read_bytes() for name in names}
    lines = (f"{name}==1 --hash=sha256:{sha256(data).hexdigest()}" for name, data in files.items())
    return "\n".join(lines) + "\n"


def run(
    command: Path | str, *arguments: str, folder: Path, environ: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run a command as a person does, in some folder."""
    given = {"PATH": os.environ["PATH"], "PYTHON": sys.executable, "HOME": str(folder), **environ}
    return subprocess.run(
        [str(command), *arguments],
        cwd=folder,
        env=given,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


def write_wrong_environment(wheels: Path, elsewhere: Path) -> dict[str, str]:
    """An index as a company has it, and everything else that must not count."""
    elsewhere.mkdir()
    (elsewhere / "demo.py").write_text("raise SystemExit('the wrong one')\n")
    configuration = elsewhere / "pip.conf"
    index = f"no-index = true\nfind-links = {wheels}\n"
    text = WRONG_CONFIGURATION.format(elsewhere=elsewhere)
    configuration.write_text(text.replace("[global]\n", f"[global]\n{index}"))
    wrong = {name: value.format(elsewhere=elsewhere) for name, value in WRONG_VARIABLES.items()}
    return {"PIP_CONFIG_FILE": str(configuration), **wrong}


@pytest.mark.slow
def test_first_run_makes_its_environment_and_later_ones_say_nothing(
    checkout: Path, wheels: Path, tmp_path: Path
) -> None:
    environ = write_wrong_environment(wheels, tmp_path / "elsewhere")
    first = run(checkout / "roomscribe", "up", "my file.toml", folder=tmp_path, environ=environ)
    assert first.returncode == 0, first.stderr
    assert first.stderr == (
        f"making a virtual environment in .venv/{MINOR}\n"
        f"installing requirements-local.lock into .venv/{MINOR}\n"
    )
    installed = checkout / ".venv" / MINOR / "lib" / f"python{MINOR}" / "site-packages"
    told = f'{{"arguments": ["up", "my file.toml"], "folder": "{tmp_path}", "demo": "{installed}'
    assert first.stdout.startswith(told)
    assert (installed / "needed.py").is_file()
    assert sorted(path.name for path in (tmp_path / "elsewhere").iterdir()) == [
        "demo.py",
        "pip.conf",
    ]

    shutil.rmtree(wheels)
    (tmp_path / "elsewhere" / "here").symlink_to(checkout / "roomscribe")
    for command in (checkout / "roomscribe", tmp_path / "elsewhere" / "here"):
        later = run(command, "up", "my file.toml", folder=tmp_path, environ=environ)
        assert (later.returncode, later.stdout, later.stderr) == (0, first.stdout, "")
    made = run("make", "-s", "run", "ARGS=--once", folder=checkout, environ=environ)
    assert '"arguments": ["up", "--once"]' in made.stdout, made.stderr

    lock = checkout / "requirements-local.lock"
    lock.write_text(f"nowhere==1 --hash=sha256:{'0' * 64}\n")
    os.utime(lock, (2**31, 2**31))
    changed = run(checkout / "roomscribe", folder=tmp_path, environ=environ)
    assert changed.returncode != 0
    assert "installing requirements-local.lock" in changed.stderr
    assert changed.stdout == ""


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("flock"), reason="flock of util-linux is not installed")
def test_first_runs_in_two_terminals_wait_for_each_other(
    checkout: Path, wheels: Path, tmp_path: Path
) -> None:
    environ = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels)}

    def begin(_terminal: int) -> subprocess.CompletedProcess[str]:
        return run(checkout / "roomscribe", "up", folder=tmp_path, environ=environ)

    with ThreadPoolExecutor() as terminals:
        runs = list(terminals.map(begin, range(2)))
    assert [done.returncode for done in runs] == [0, 0], [done.stderr for done in runs]
    assert [done.stderr.count("installing") for done in runs] in ([0, 1], [1, 0])


@pytest.mark.slow
def test_file_of_another_hash_is_not_installed(
    checkout: Path, wheels: Path, tmp_path: Path
) -> None:
    write_wheel(wheels, "needed", "Summary: not the one that was locked\n")
    environ = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels)}
    done = run(checkout / "roomscribe", "up", folder=tmp_path, environ=environ)
    assert (done.returncode, done.stdout) == (1, "")
    assert "DO NOT MATCH THE HASHES" in done.stderr
    assert not list(checkout.rglob("needed.py"))


def test_package_installs_where_it_means_to(
    environment: pytest.MonkeyPatch, wheels: Path, tmp_path: Path
) -> None:
    for name, value in write_wrong_environment(wheels, tmp_path / "elsewhere").items():
        if name.startswith("PIP_"):
            environment.setenv(name, value)
    (tmp_path / "requirements.lock").write_text(lock_wheels(wheels, "demo", "needed"))
    folder = install_dependencies(tmp_path / "requirements.lock", tmp_path / "cache")
    assert {"demo.py", "needed.py"} <= {path.name for path in folder.iterdir()}


def test_source_of_packages_is_kept_and_the_more_special_one_counts(tmp_path: Path) -> None:
    file = tmp_path / "pip.conf"
    lines = ["[global]", "index-url = https://a.example", "user = true", "cert = /ca.pem"]
    lines += ["extra-index-url =", "    https://b.example", "    https://c.example"]
    lines += ["[install]", "index-url = https://d.example", "[list]", "timeout = 7"]
    file.write_text("\n".join(lines))
    environ = {"PATH": os.environ["PATH"], "PIP_CONFIG_FILE": str(file), "PIP_CERT": "/own.pem"}
    cleaned = clean_environment({**environ, "PIP_USER": "1", "HOME": str(tmp_path)})
    assert cleaned["PIP_INDEX_URL"] == "https://d.example"
    assert cleaned["PIP_EXTRA_INDEX_URL"] == "https://b.example https://c.example"
    assert (cleaned["PIP_CERT"], cleaned["PIP_CONFIG_FILE"]) == ("/own.pem", os.devnull)
    assert (cleaned["PATH"], cleaned["HOME"]) == (os.environ["PATH"], str(tmp_path))
    assert not cleaned.keys() & {"PIP_USER", "PIP_TARGET"}


@pytest.mark.parametrize("name", ["no-such-python", "old-python"])
def test_python_that_will_not_do_is_one_line(checkout: Path, tmp_path: Path, name: str) -> None:
    old = tmp_path / "old-python"
    old.write_text("#!/bin/sh\n[ \"$2\" = '' ] && exit 0\necho 3.9\nexit 1\n")
    old.chmod(old.stat().st_mode | stat.S_IXUSR)
    environ = {"PYTHON": str(old) if name == "old-python" else name}
    done = run(checkout / "roomscribe", "up", folder=tmp_path, environ=environ)
    assert (done.returncode, done.stdout) == (1, "")
    assert "3.10 or newer" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (checkout / ".venv").exists()


def test_version_is_told_without_an_environment(checkout: Path, tmp_path: Path) -> None:
    (checkout / "shared").mkdir()
    shutil.copy(ROOT / "shared" / "__init__.py", checkout / "shared")
    environ = {"PYTHON": "no-such-python"}
    done = run(checkout / "roomscribe", "--version", folder=tmp_path, environ=environ)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"roomscribe {VERSION}\n", "")
    assert not (checkout / ".venv").exists()


def test_what_the_launcher_runs_is_the_command_line(tmp_path: Path) -> None:
    environ = {"PYTHONSAFEPATH": "1"}
    done = run(sys.executable, str(ROOT / "local"), "--help", folder=tmp_path, environ=environ)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Usage: ./roomscribe ")
