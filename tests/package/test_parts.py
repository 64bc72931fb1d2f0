"""The package's parts: what is in it, that its bytes follow from its sources, and its report."""

from __future__ import annotations

import os
import sys
import zipfile
from hashlib import sha256
from pathlib import Path

import certifi
import pytest

from local.errors import LocalError
from local.package.archive import pack_files, write_file
from local.package.bytecode import compile_files, find_python
from local.package.contents import collect_files
from local.package.dependencies import install_dependencies
from local.package.report import describe_package, name_owner
from tests.support.openssl import require_openssl

ROOT = Path(__file__).parents[2]
SOURCES = {
    "LICENSE": "Roomscribe may be copied.",
    "rules.toml": '[[rules]]\nname = "nobody"\nroom = "*"\nservice = "none"\n',
    "functions/greet.py": "from shared import words\n",
    "functions/__pycache__/greet.cpython-310.pyc": "old",
    "shared/__init__.py": "",
    "shared/words.py": "WORDS = {'a', 'b', 'c'}\n",
    "shared/ledger/schema.sql": "SELECT 1;",
    "shared/remedies.json": "[]",
    "shared/page/index.html": "<p>",
    "shared/page/page.css": "p {}",
    "shared/page/page.js": "1",
    "local/cli.py": "",
    "tests/test_greet.py": "",
}
INSTALLED = {
    "bin/idna": "",
    "certifi/cacert.pem": Path(certifi.where()).read_text(encoding="ascii"),
    "certifi/py.typed": "",
    "certifi/tests/test_core.py": "",
    "requests/__init__.py": "",
    "redis/__init__.py": "",
    "async_timeout/__init__.py": "",
    "msgspec/_core.so": "machine code",
    "msgspec/__init__.pyi": "",
    "one_file.py": "",
    "one_file-1.0.dist-info/METADATA": (
        "Name: one-file\nVersion: 1.0\nAuthor: Ann\nLicense: MIT Licence\n"
    ),
    "one_file-1.0.dist-info/RECORD": "one_file.py,,\n",
    "redis-8.dist-info/METADATA": "Name: redis\nVersion: 8\nLicense-Expression: MIT\n",
    "redis-8.dist-info/RECORD": "redis/__init__.py,,\n",
    "redis-8.dist-info/licenses/LICENSE": (
        "Redis may be copied.\n  Copyright (c) 2022, Redis\ncopyright notice\nCopyright [yyyy] [name]\n"
    ),
    "requests-2.dist-info/METADATA": "Name: requests\nVersion: 2\nLicense: unknown\n",
    "requests-2.dist-info/RECORD": "requests/__init__.py,,\n",
}


def write_files(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_files(tmp_path / "root", SOURCES)


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    require_openssl()
    return write_files(tmp_path / "installed", INSTALLED)


def test_what_runs_is_in_it_and_nothing_else(root: Path, installed: Path) -> None:
    names = {
        name
        for name in collect_files(root, installed, site="international")
        if not name.startswith("ca/")
    }
    assert names == {
        *("greet.py", "rules.toml", "rules.toml.prepared.json"),
        *("LICENSE", "NOTICE", "LICENSES.txt"),
        *("shared/__init__.py", "shared/words.py", "shared/ledger/schema.sql"),
        "shared/remedies.json",
        *("shared/page/index.html", "shared/page/page.css", "shared/page/page.js"),
        *("msgspec/_core.so", "one_file.py"),
        *("redis/__init__.py", "async_timeout/__init__.py"),
    }


def test_rules_are_checked_for_the_site_and_say_so(root: Path, installed: Path) -> None:
    for site in ("china", "international", "unknown"):
        files = collect_files(root, installed, site=site)
        assert f'"site":"{site}"'.encode() in files["rules.toml.prepared.json"]


def test_rules_that_the_site_refuses_are_not_packed(root: Path, installed: Path) -> None:
    region = 'cloud = {region = "ap-singapore", language = "bigmodel-en"}\n'
    (root / "rules.toml").write_text('[[rules]]\nname = "all"\nroom = "*"\n' + region)
    collect_files(root, installed, site="international")
    with pytest.raises(LocalError, match="'ap-singapore' is in no list of the china site"):
        collect_files(root, installed, site="china")


def test_byte_order_mark_of_the_rules_stays_outside(root: Path, installed: Path) -> None:
    plain = collect_files(root, installed, site="china")
    (root / "rules.toml").write_text(SOURCES["rules.toml"], encoding="utf-8-sig")
    assert collect_files(root, installed, site="china") == plain


def test_rules_in_another_encoding_are_refused(root: Path, installed: Path) -> None:
    (root / "rules.toml").write_text(SOURCES["rules.toml"], encoding="utf-16")
    with pytest.raises(LocalError, match=r"rules\.toml: cannot be read; save it as UTF-8"):
        collect_files(root, installed, site="china")


def test_redis_can_be_left_out(root: Path, installed: Path) -> None:
    left_out = set(collect_files(root, installed, site="international")) - set(
        collect_files(root, installed, site="international", redis=False)
    )
    assert left_out == {"redis/__init__.py", "async_timeout/__init__.py"}


def test_licences_stand_in_one_file(root: Path, installed: Path) -> None:
    text = collect_files(root, installed, site="international")["LICENSES.txt"].decode()
    assert "===== one_file-1.0 =====\n\nLicense: MIT Licence\nAuthor: Ann\n" in text
    assert "Permission is hereby granted, free of charge" in text
    assert "===== redis-8 =====\n\nRedis may be copied." in text
    assert "requests" not in text


def test_notice_names_what_is_bundled_and_whose_it_is(root: Path, installed: Path) -> None:
    files = collect_files(root, installed, site="international")
    lines = files["NOTICE"].decode().splitlines()
    assert lines[0] == "Roomscribe"
    assert lines[-2:] == [
        "one-file 1.0 (MIT Licence): by Ann",
        "redis 8 (MIT): Copyright (c) 2022, Redis",
    ]
    assert "requests" not in files["NOTICE"].decode()
    assert files["LICENSE"] == b"Roomscribe may be copied."
    without = collect_files(root, installed, site="international", redis=False)
    assert without["NOTICE"].decode().splitlines() == lines[:-1]


def test_dependency_whose_licence_nobody_has_is_refused(root: Path, installed: Path) -> None:
    (installed / "one_file-1.0.dist-info" / "METADATA").write_text("License: proprietary\n")
    with pytest.raises(LocalError, match=r"one_file-1\.0\.dist-info: comes without its licence"):
        collect_files(root, installed, site="international")


def test_dependency_of_the_same_name_is_refused(root: Path, installed: Path) -> None:
    (installed / "greet.py").touch()
    with pytest.raises(LocalError, match=r"greet\.py: a dependency has the same name"):
        collect_files(root, installed, site="international")


def test_folder_without_certificates_is_refused(root: Path, tmp_path: Path) -> None:
    with pytest.raises(LocalError, match="certifi is not installed"):
        collect_files(root, tmp_path, site="international")


def test_same_sources_give_the_same_bytes_whenever_and_wherever(
    root: Path, installed: Path, tmp_path: Path
) -> None:
    first = build(root, installed)
    other = write_files(tmp_path / "elsewhere", dict(reversed(SOURCES.items())))
    for path in other.rglob("*"):
        path.chmod(0o700)
        os.utime(path, (1, 1))
    assert build(other, installed) == first
    (other / "rules.toml").write_text(SOURCES["rules.toml"] + "# another\n")
    assert build(other, installed) != first


def build(root: Path, installed: Path) -> bytes:
    files = collect_files(root, installed, site="international")
    return pack_files(files | compile_files(files, sys.executable))


def test_bytecode_is_never_checked_and_names_scf_s_folder(root: Path, installed: Path) -> None:
    files = collect_files(root, installed, site="international")
    made = compile_files(files, sys.executable)
    tag = sys.implementation.cache_tag
    assert len(made) == sum(name.endswith(".py") for name in files)
    words = made[f"shared/__pycache__/words.{tag}.pyc"]
    assert words[4:8] == b"\x01\x00\x00\x00"  # Source: PEP 552: a hash, and not to be checked
    assert b"/var/user/shared/words.py" in words


def test_source_that_does_not_compile_is_one_line() -> None:
    with pytest.raises(LocalError, match=r"could not compile the package.*broken\.py"):
        compile_files({"broken.py": b"def"}, sys.executable)


def test_everybody_may_read_what_is_in_the_zip(tmp_path: Path) -> None:
    path = tmp_path / "new" / "roomscribe.zip"
    write_file(pack_files({"b.py": b"2", "a.py": b"1"}), path)
    assert list(path.parent.iterdir()) == [path]
    with zipfile.ZipFile(path) as opened:
        infos = opened.infolist()
    assert [info.filename for info in infos] == ["a.py", "b.py"]
    assert {(info.external_attr >> 16, info.date_time[0]) for info in infos} == {(0o100644, 1980)}


def test_interpreter_of_another_version_is_refused() -> None:
    with pytest.raises(LocalError, match=r"--python: nonsense is not a Python 3\.10 that runs"):
        find_python("nonsense")


def test_no_interpreter_is_no_error(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`sh` is found, and no Python."""
    (tmp_path / "sh").symlink_to("/bin/sh")
    environment.setenv("PATH", str(tmp_path))
    environment.setenv("PYENV_ROOT", str(tmp_path))
    assert find_python(None) is None


def test_dependencies_are_installed_once(tmp_path: Path) -> None:
    wheel = write_wheel(tmp_path)
    lock, cache = tmp_path / "requirements.lock", tmp_path / "cache"
    lock.write_text(f"{wheel} --hash=sha256:{sha256(wheel.read_bytes()).hexdigest()}\n")
    folder = install_dependencies(lock, cache)
    assert (folder / "greeting.py").read_text() == "WORDS = 'hello'\n"
    wheel.unlink()  # pip would miss it
    assert install_dependencies(lock, cache) == folder
    assert list(cache.iterdir()) == [folder]


def test_what_pip_cannot_install_is_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    lock, cache = tmp_path / "requirements.lock", tmp_path / "cache"
    lock.write_text("== ==\n")
    with pytest.raises(LocalError, match=r"^pip could not install requirements\.lock: ERROR: .*$"):
        install_dependencies(lock, cache)
    assert list(cache.iterdir()) == []


@pytest.mark.parametrize("digest", ["", f" --hash=sha256:{'0' * 64}"], ids=["none", "another"])
def test_dependency_of_another_hash_is_not_installed(tmp_path: Path, digest: str) -> None:
    lock, cache = tmp_path / "requirements.lock", tmp_path / "cache"
    lock.write_text(f"{write_wheel(tmp_path)}{digest}\n")
    with pytest.raises(LocalError, match=r"^pip could not install .*(hash|HASH)"):
        install_dependencies(lock, cache)
    assert list(cache.iterdir()) == []


def write_wheel(folder: Path) -> Path:
    """A package of one module, which pip installs without asking anybody."""
    about = "greeting-1.0.dist-info"
    path = folder / "greeting-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr("greeting.py", "WORDS = 'hello'\n")
        wheel.writestr(f"{about}/METADATA", "Metadata-Version: 2.1\nName: greeting\nVersion: 1.0\n")
        wheel.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr(f"{about}/RECORD", "")
    return path


def test_report_adds_up(root: Path, installed: Path) -> None:
    files = collect_files(root, installed, site="international")
    archive = pack_files(files | {"redis/client.py": os.urandom(50_000)})
    lines = list(describe_package(archive))
    sizes = {line[:24].strip(): float(line[24:32]) for line in lines[:-1]}
    total, without = sizes.pop("all of it"), sizes.pop("without Redis")
    assert total == pytest.approx(len(archive) / 1e6, abs=0.001)
    assert sum(sizes.values()) == pytest.approx(total, abs=0.01)
    assert without == pytest.approx(total - sizes["redis"] - sizes["async_timeout"], abs=0.002)
    assert lines[-1].startswith("sha256 ")


@pytest.mark.parametrize(
    ("path", "owner"),
    [
        ("trtc_callback.py", "Roomscribe"),
        ("__pycache__/trtc_callback.cpython-310.pyc", "Roomscribe"),
        ("shared/ledger/schema.sql", "Roomscribe"),
        ("rules.toml", "Roomscribe"),
        ("typing_extensions.py", "typing_extensions"),
        ("__pycache__/typing_extensions.cpython-310.pyc", "typing_extensions"),
        ("redis/client.py", "redis"),
        ("ca/5ad8a5d6.0", "root certificates"),
    ],
)
def test_every_file_has_an_owner(path: str, owner: str) -> None:
    assert name_owner(path) == owner
