"""Whether everybody reads .env alike: the shell for deploy/tccli.sh, `scf deploy`, and we."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from local.doctor.finding import Finding
from local.env_file import Line, read_lines, read_text

Read = Callable[[str], str | None]
REMEDY = "write NAME='value' with nothing behind it; comments on lines of their own"

# Source: POSIX 2018, Shell Command Language, 2.2 and 2.3. Of words that are expanded nothing is known here.
_WORD = r"""(?:'[^']*'|"(?:[^"\\$`]|\\[^\n])*"|\\[^\n]|[^ \t\n|&;<>()$`\\"'])*"""
SH_LINE = re.compile(rf"(export[ \t]+)?[A-Za-z_]\w*=({_WORD})(?:[ \t]+(?:\#[^\n]*)?)?\n?", re.ASCII)
SH_PART = re.compile(r"""'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)|([^'"\\]+)""", re.DOTALL)
SH_TILDE, SH_GLOB = re.compile(r"(^|:)~"), re.compile(r"[*?\[]")

# Source: dotenv 8.6.0, lib/main.js: what serverless-cloud-framework 1.3.0 asks for ("^8.2.0").
_JS_SPACE = r"[ \t\n\v\f\r\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]"
SCF_LINE = re.compile(
    rf"{_JS_SPACE}*[A-Za-z0-9_.-]+{_JS_SPACE}*={_JS_SPACE}*([^\n\r\u2028\u2029]*){_JS_SPACE}*"
)


def check_env_file(path: Path) -> Iterator[Finding]:
    """The lines that somebody reads otherwise than we; by number and name, never by value."""
    text = read_text(path)
    lines = list(read_lines(text, path))
    if text.startswith("\ufeff") or "\r" in text:
        said = "begins with a byte order mark" if "\r" not in text else "has Windows' line ends"
        remedy = "save it as UTF-8 without a byte order mark, and with Unix' line ends"
        yield Finding("FAIL", ".env", f"{said}, which sh takes for a value's", remedy, "settings")
    by_sh = [line for line in lines if read_as_sh(line.text.replace("\r", "")) != line.value]
    by_scf = [line for line in lines if read_as_scf(line.text) != line.value]
    if by_sh:
        said = f"sh, and so deploy/tccli.sh, reads otherwise: {_name(by_sh)}"
        yield Finding("FAIL", ".env", said, REMEDY, "settings")
    if by_scf:
        said = f"`scf deploy` reads otherwise: {_name(by_scf)}"
        yield Finding("warn", ".env", said, REMEDY, "settings")
    if lines and not by_sh and not by_scf:
        yield Finding("ok", ".env", f"{len(lines)} settings, read alike by sh, scf and doctor")


def read_as_sh(text: str) -> str | None:
    """The value that a line gives a variable in sh; None where it does or expands something else."""
    found = SH_LINE.fullmatch(text)
    if not found or SH_TILDE.search(found[2]) or (found[1] and SH_GLOB.search(found[2])):
        return None
    return "".join(_read_part(part) for part in SH_PART.finditer(found[2]))


def _read_part(part: re.Match[str]) -> str:
    single, double, escaped, plain = part.groups()
    if double is not None:
        return re.sub(r'\\([$`"\\])', r"\1", double)
    return str(next(text for text in (single, escaped, plain) if text is not None))


def read_as_scf(text: str) -> str | None:
    """The value that a line gives a variable in `scf deploy`; None where it gives none."""
    first = re.split(r"\r\n|\n|\r", text)[0]
    found = SCF_LINE.fullmatch(first)
    if not found:
        return None
    value = found[1]
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        return value[1:-1].replace("\\n", "\n") if value[0] == '"' else value[1:-1]
    return re.sub(rf"^{_JS_SPACE}+|{_JS_SPACE}+$", "", value)


def _name(lines: list[Line]) -> str:
    return ", ".join(f"line {line.number} ({line.name})" for line in lines)
