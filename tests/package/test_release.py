"""A release: made of a commit alone, with notes of its version and sums that coreutils finds right."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from local.errors import LocalError
from local.package.changelog import write_notes
from local.package.release import check_commit, name_files, write_release

ROOT = Path(__file__).parents[2]
CHANGELOG = """# Changelog

What changes.

## Unreleased

### Added

## 2.1.0 · 2026-12-01

### Added
- Bread, and `## butter`.

## 2.0.0
- Water.

## 1.9.0
### Added
"""
FILES = {"b.zip": b"package", "a.json": b"bill"}


@pytest.fixture
def repository(tmp_path: Path, environment: pytest.MonkeyPatch) -> Path:
    """One commit, and nothing of this machine's configuration."""
    if not shutil.which("git"):
        pytest.skip("git is not installed")
    environment.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    environment.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    root = tmp_path / "repository"
    root.mkdir()
    git(root, "init", "--quiet")
    commit(root, "bread")
    return root


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A checkout, and beside it all programs of a machine without Python 3.10."""
    if not shutil.which("make"):
        pytest.skip("make is not installed")
    (tmp_path / "bin").mkdir()
    for name in ("sh", "make"):
        (tmp_path / "bin" / name).symlink_to(str(shutil.which(name)))
    (tmp_path / ".ci").mkdir()
    for name in ("Makefile", ".ci/find-python"):
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / ".ci" / "environment").write_text("echo installing >&2; exit 1\n")
    return tmp_path


def release(machine: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", "release"],
        cwd=machine,
        env={"PATH": str(machine / "bin"), "HOME": str(machine), **environ},
        capture_output=True,
        text=True,
        check=False,
    )


def write_program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!{shutil.which('sh')}\n{text}\n")
    path.chmod(0o755)


def git(root: Path, *arguments: str) -> None:
    who = ("-c", "user.name=Ann", "-c", "user.email=ann@example.com")
    subprocess.run(["git", *who, *arguments], cwd=root, check=True)


def commit(root: Path, text: str) -> None:
    (root / "file").write_text(text)
    git(root, "add", ".")
    git(root, "commit", "--quiet", "--message", text)


def test_notes_are_the_section_of_the_version() -> None:
    assert write_notes(CHANGELOG, "2.1.0") == (
        "# Roomscribe 2.1.0\n\n### Added\n- Bread, and `## butter`.\n"
    )
    assert write_notes(CHANGELOG, "2.0.0") == "# Roomscribe 2.0.0\n\n- Water.\n"


@pytest.mark.parametrize("draft", [False, True])
@pytest.mark.parametrize(
    ("version", "wrong"), [("2.1", "missing"), ("3.0.0", "missing"), ("1.9.0", "empty")]
)
def test_version_without_notes_is_refused(version: str, wrong: str, *, draft: bool) -> None:
    with pytest.raises(LocalError, match=rf"CHANGELOG\.md: .* `## {version} · DATE` is {wrong}"):
        write_notes(CHANGELOG, version, draft=draft)


def test_what_is_unreleased_is_refused_but_in_a_draft() -> None:
    changelog = CHANGELOG.replace("### Added\n\n##", "### Added\n- Salt.\n\n##")
    with pytest.raises(LocalError, match="Unreleased has entries"):
        write_notes(changelog, "2.1.0")
    assert write_notes(changelog, "3.0.0", draft=True) == (
        "# Roomscribe 3.0.0, a draft\n\n### Added\n- Salt.\n"
    )
    assert write_notes(CHANGELOG, "2.1.0", draft=True) == write_notes(CHANGELOG, "2.1.0")


def test_sums_are_those_of_coreutils(tmp_path: Path) -> None:
    write_release(FILES, tmp_path)
    check = ["sha256sum", "--check", "--strict", "SHA256SUMS"]
    done = subprocess.run(check, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "a.json: OK\nb.zip: OK\n", "")
    (tmp_path / "b.zip").write_bytes(b"another")
    done = subprocess.run(check, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "a.json: OK\nb.zip: FAILED\n")


def test_sums_do_not_depend_on_the_order(tmp_path: Path) -> None:
    write_release(FILES, tmp_path / "one")
    write_release(dict(reversed(FILES.items())), tmp_path / "other")
    one, other = (sorted((tmp_path / name).iterdir()) for name in ("one", "other"))
    assert [path.name for path in one] == ["SHA256SUMS", "a.json", "b.zip"]
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in other]


def test_files_are_named_after_the_version() -> None:
    assert name_files("2.1.0") == (
        "roomscribe-2.1.0.zip",
        "roomscribe-2.1.0.cdx.json",
        "release-notes-2.1.0.md",
    )


def test_commit_may_have_the_tag_already(repository: Path) -> None:
    assert check_commit(repository, "v1") is False
    git(repository, "tag", "--annotate", "--message", "1", "v1")
    assert check_commit(repository, "v1") is True


@pytest.mark.parametrize("kind", [("--annotate", "--message", "1"), ()], ids=["annotated", "light"])
def test_tag_of_another_commit_is_refused(repository: Path, kind: tuple[str, ...]) -> None:
    git(repository, "tag", *kind, "v1")
    commit(repository, "butter")
    with pytest.raises(LocalError, match="v1 is another commit, and a version is published once"):
        check_commit(repository, "v1")
    assert check_commit(repository, "v2") is False


@pytest.mark.parametrize("name", ["file", "new"])
def test_files_that_no_commit_holds_are_named(repository: Path, name: str) -> None:
    (repository / name).write_text("changed")
    with pytest.raises(LocalError, match=f"no commit holds what changed in {name}; commit it"):
        check_commit(repository, "v1")


def test_new_file_is_found_where_git_is_configured_not_to_show_it(repository: Path) -> None:
    git(repository, "config", "status.showUntrackedFiles", "no")
    (repository / "new").write_text("changed")
    with pytest.raises(LocalError, match="no commit holds what changed in new"):
        check_commit(repository, "v1")


def test_sources_that_another_repository_ignores_are_no_commit(repository: Path) -> None:
    (repository / ".gitignore").write_text("unpacked\n")
    commit(repository, "butter")
    unpacked = repository / "unpacked"
    unpacked.mkdir()
    with pytest.raises(LocalError, match="unpacked is no clone of its own"):
        check_commit(unpacked, "v1")


def test_what_git_cannot_answer_is_told(
    repository: Path, environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(LocalError, match="git status: fatal: not a git repository"):
        check_commit(tmp_path, "v1")
    environment.setenv("PATH", str(tmp_path))
    with pytest.raises(LocalError, match="git is not installed"):
        check_commit(repository, "v1")


def test_release_without_its_python_ends_before_anything_is_installed(machine: Path) -> None:
    done = release(machine)
    assert done.returncode == 2
    assert "put python3.10 on PATH, or run pyenv install 3.10" in done.stderr
    assert "installing" not in done.stderr


def test_python_is_found_where_pyenv_keeps_its_versions(machine: Path) -> None:
    write_program(machine / "versions" / "3.10.13" / "bin" / "python", "exit 0")
    assert "installing" in release(machine, PYENV_ROOT=str(machine)).stderr
    assert "installing" not in release(machine).stderr
    write_program(machine / "bin" / "pyenv", f"echo {machine}")
    assert "installing" in release(machine).stderr
