"""Keys where none may be: in the repository, in the package, in what a run writes; found by detect-secrets.

What looks like a key and is none (a published vector, a made-up one) is listed in known.json by its hash.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
from detect_secrets.core.secrets_collection import SecretsCollection
from detect_secrets.settings import transient_settings

from local.development import ROOT
from shared.rules.decision import SUFFIX
from shared.settings import DEVELOPMENT_MARK

KNOWN = Path(__file__).with_name("known.json")
# One finds the words `key` and `password`, which this project is about, the other public IP addresses.
NOISY = ("KeywordDetector", "IPPublicDetector")
FILTERS = (
    *("heuristic.is_templated_secret", "heuristic.is_not_alphanumeric_string"),
    *("heuristic.is_sequential_string", "heuristic.is_potential_uuid"),
)
# Hashes: of what is installed, of what is known, of rules.toml. And what is no text.
HASHES = (".lock", "package-lock.json", KNOWN.name, SUFFIX)
NOT_READ = (*HASHES, ".png", ".pyc", ".so")

Known = dict[str, dict[str, str]]  # what each file has: its kind by the hash of it


def scan_repository(root: Path = ROOT) -> SecretsCollection:
    """What looks like a key in the files that git has, or would take."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True)
    return scan_files(root, sorted({*done.stdout.split("\0")} - {""}))


def scan_archive(archive: Path) -> SecretsCollection:
    """What looks like a key in the files of a zip."""
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(archive) as opened:
        opened.extractall(folder)
        return scan_files(Path(folder), sorted(opened.namelist()))


def scan_files(root: Path, names: Iterable[str]) -> SecretsCollection:
    """What looks like a key in these files below `root`; no development key does."""
    known: dict[str, type] = get_mapping_from_secret_type_to_class()
    detectors = [detector.__name__ for detector in known.values()]
    get_mapping_from_secret_type_to_class.cache_clear()  # it has only those of no settings
    plugins = [{"name": name} for name in detectors if name not in NOISY]
    own = {
        "name": "TencentSecretIdDetector",
        "path": f"file://{Path(__file__).with_name('tencent.py')}",
    }
    marked = {
        "path": "detect_secrets.filters.regex.should_exclude_secret",
        "pattern": [DEVELOPMENT_MARK],
    }
    filters = [{"path": f"detect_secrets.filters.{name}"} for name in FILTERS]
    with transient_settings({"plugins_used": [*plugins, own], "filters_used": [*filters, marked]}):
        found = SecretsCollection(root=str(root))
        for name in names:
            if not name.endswith(NOT_READ):
                found.scan_file(name)
        return found


def read_known() -> Known:
    """What looks like a key and is none."""
    known: Known = json.loads(KNOWN.read_text(encoding="utf-8"))
    return known


def name_all(found: SecretsCollection) -> Known:
    """What is found, by file and hash; never the text itself."""
    named: Known = {}
    for name, secret in found:
        named.setdefault(name, {})[secret.secret_hash] = secret.type
    return named


def list_unknown(found: SecretsCollection) -> list[str]:
    """Where something new is found, and what it is; never the text itself."""
    known = read_known()
    return [
        f"{name}:{secret.line_number}: {secret.type}"
        for name, secret in found
        if secret.secret_hash not in known.get(name, {})
    ]


def check_log(log: Path, spoken: Iterable[str]) -> list[str]:
    """Where a run's output tells a key, or has what was said outside its captions.

    The words of a meeting of the local cloud are shown as captions, to whoever plays it.
    """
    found = list_unknown(scan_files(log.parent, [log.name]))
    texts = list(spoken)
    for number, line in enumerate(log.read_text(encoding="utf-8").splitlines(), 1):
        if DEVELOPMENT_MARK in line:
            found.append(f"{log.name}:{number}: a development key")
        if " caption " not in line and any(text in line for text in texts):
            found.append(f"{log.name}:{number}: what somebody said")
    return found
