"""`.env`: read as people write it, and where sh or `scf` read a line otherwise, that line is named."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from local.doctor.env_lines import check_env_file, read_as_scf, read_as_sh
from local.env_file import read_deployment, read_env_file, read_environment_of
from local.errors import LocalError

ROOT = Path(__file__).parents[2]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / ".env"


def read(file: Path, text: str) -> dict[str, str]:
    """What we read of a file with that text."""
    file.write_bytes(text.encode())
    return read_env_file(file, {})


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *(("A=b", "b"), ("A='b c' # why", "b c"), ('A="b c"\t# why', "b c"), ("A=b\t# why", "b")),
        *(("export A=b", "b"), ("export\tA=b", "b"), ("A=b#c", "b#c"), ("A=", ""), ("A=''", "")),
        *(("\ufeffA=b", "b"), ("\r\nA=b\r\n", "b"), ("A=${B}", "${B}"), ("A='b\nc'", "b\nc")),
        *(("# why\u2028not\nA=b", "b"), ("A=b # why\u2028not", "b"), ("# x\fy\n\f\nA=b", "b")),
        *(
            ("A=a\nA=b", "b"),
            ("  A=b  ", "b"),
            ("A='it is \"b\"'", 'it is "b"'),
            ("A=b\x85c", "b\x85c"),
        ),
    ],
)
def test_line_is_read_as_it_is_meant(file: Path, text: str, value: str) -> None:
    assert read(file, text) == {"A": value}


@pytest.mark.parametrize(("text", "number"), [("A", 1), ("A=b\n\n\nexport B", 4), ("\nA='b'c", 2)])
def test_line_that_is_no_setting_is_named_by_its_number(file: Path, text: str, number: int) -> None:
    with pytest.raises(LocalError, match=rf"\.env: line {number} is not NAME=value"):
        read(file, text)


def test_paths_in_it_mean_its_own_folder(file: Path) -> None:
    values = read(file, "RULES_FILE=my.toml\nTRTC_CA=/etc/ca\n")
    assert values == {"RULES_FILE": str(file.parent / "my.toml"), "TRTC_CA": "/etc/ca"}


def test_environment_wins_and_names_the_file(file: Path) -> None:
    file.write_text("A=file\nB=file\n")
    environ = {"ROOMSCRIBE_ENV_FILE": str(file), "A": "environment"}
    assert read_deployment(environ) == {**environ, "B": "file"}
    assert read_environment_of("https://1400-abcd.tencentscf.com/", environ)["B"] == "file"


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8321/x", "http://localhost:1", "http://[::1]:7", "http://[", ""]
)
def test_what_is_asked_of_this_machine_has_nothing_of_it(file: Path, url: str) -> None:
    file.write_text("LEDGER_URL=redis://10.0.0.7\n")
    environ = {"ROOMSCRIBE_ENV_FILE": str(file)}
    assert read_environment_of(url, environ) == environ


def tell(file: Path, text: str) -> list[tuple[str, str]]:
    """Level and text of what the doctor finds."""
    file.write_bytes(text.encode())
    return [(finding.level, finding.text) for finding in check_env_file(file)]


@pytest.mark.parametrize("text", ["A=b\nB='c d'\n\n# why\n", 'A="b c"', "A=b#c\nB=", "A='$b'"])
def test_lines_that_all_read_alike_are_right(file: Path, text: str) -> None:
    assert [level for level, _ in tell(file, text)] == ["ok"]


def test_example_is_read_alike(file: Path) -> None:
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert [level for level, _ in tell(file, text)] == ["ok"]


@pytest.mark.parametrize(
    "line", ["B=s3cret$x", "B=s3cret`x`", "B=s3 cret", "B =s3cret", "B= s3cret"]
)
def test_line_that_sh_reads_otherwise_is_named(file: Path, line: str) -> None:
    findings = tell(file, f"A=b\n\n{line}\nC=d\n")
    assert ("FAIL", "sh, and so deploy/tccli.sh, reads otherwise: line 3 (B)") in findings
    assert "s3cret" not in str(findings)


@pytest.mark.parametrize(
    "line", ["B=s3cret # why", "export B=s3cret", "B='s3cret' ", "B='s3\ncret'"]
)
def test_line_that_scf_reads_otherwise_is_named(file: Path, line: str) -> None:
    assert tell(file, f"A=b\n{line}\n") == [("warn", "`scf deploy` reads otherwise: line 2 (B)")]


@pytest.mark.parametrize(
    ("text", "said"),
    [("\ufeff# mine\nA=b\n", "a byte order mark"), ("# mine\r\nA=b\r\n", "Windows' line ends")],
)
def test_file_that_sh_cannot_take_whole_is_told(file: Path, text: str, said: str) -> None:
    ((level, told), *_) = tell(file, text)
    assert level == "FAIL"
    assert said in told


SH = 'unset A; . ./env >/dev/null 2>&1; printf %s "${A-unset}"'
# No letter of a command: what sh takes for one is not found. Nothing is redirected.
MARKS = "'\"\\$`#~:;&|() \t\n={}[]*?!%\xa0\u2028\fäé"


@settings(max_examples=400)
@given(
    st.sampled_from(["", "export ", "export\t", " "]),
    st.text(st.sampled_from(f"aaabb{MARKS}"), max_size=12),
)
@example("", "'a'b\"c\"\\ d # e")
@example("export ", "[a]*")
@example("", "a:~/b")
@example("", '"a\\"b\\c"')
def test_sh_itself_reads_what_we_say_it_reads(
    tmp_path_factory: pytest.TempPathFactory, before: str, value: str
) -> None:
    line = f"{before}A={value}"
    expected = read_as_sh(line.lstrip(" "))
    if expected is None:
        return
    folder = tmp_path_factory.getbasetemp()
    (folder / "env").write_bytes(line.encode())
    done = subprocess.run(
        ["/bin/sh", "-c", SH], cwd=folder, env={"PATH": ""}, capture_output=True, check=False
    )
    assert done.stdout.decode() == expected


@pytest.mark.parametrize(
    ("text", "value"),
    [  # as dotenv 8.6.0 answered
        *(("A=b # c", "b # c"), ("A='b' # c", "'b' # c"), ("export A=b", None), ("A = b ", "b")),
        *(('A="b\\nc"', "b\nc"), ("A='b\\nc'", "b\\nc"), ("A='b' ", "'b'"), ("A=\"b'", "\"b'")),
        *(("A=b\u2028", "b"), ("A=b\u2028c", None), ("A='b\nc'", "'b"), ("A=''", ""), ("A='", "'")),
        *(("\ufeffA=\xa0b", "b"), ("A.b-c=d", "d"), ("A=\x1cb", "\x1cb"), ("A=\x85b", "\x85b")),
    ],
)
def test_scf_reads_as_its_library_does(text: str, value: str | None) -> None:
    assert read_as_scf(text) == value
