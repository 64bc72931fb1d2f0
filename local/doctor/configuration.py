"""Checks that need nobody else: settings, callback keys, rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from local.doctor.finding import Finding
from shared.errors import RulesError, SettingsError
from shared.rules.decision import Rules, load_rules
from shared.settings import Settings, read_credentials, read_settings
from shared.site import Site

SHORT_KEY = 16  # characters; the only thing that protects the function URL is the callback key


def try_settings(environ: Mapping[str, str]) -> tuple[Settings | None, list[Finding]]:
    """The settings, and everything that is wrong with them."""
    try:
        settings = read_settings(environ)
    except SettingsError as error:
        return None, [fail_setting(problem) for problem in error.problems]
    applications = ", ".join(str(app.sdk_app_id) for app in settings.applications)
    found = f"complete, for application {applications}; the API is {settings.endpoint}"
    return settings, [Finding("ok", "settings", found)]


def fail_setting(problem: str) -> Finding:
    """A setting that the functions would refuse; `problem` is "NAME: what is wrong; what to do"."""
    name, _, text = problem.partition(": ")
    wrong, _, remedy = text.partition("; ")
    return Finding("FAIL", "settings", f"{name}: {wrong}", remedy or f"set {name}", "settings")


def check_callback_keys(settings: Settings) -> Iterator[Finding]:
    """Long enough not to be guessed? The form was checked with the settings."""
    for app in settings.applications:
        length = min(len(key) for key in (app.callback_key, app.old_callback_key) if key)
        text = f"{length} letters and digits for application {app.sdk_app_id}"
        text += ", its old key counts, too" if app.old_callback_key else ""
        if length < SHORT_KEY:
            remedy = "choose 32 random ones, in the TRTC console and in TRTC_CALLBACK_KEY"
            yield Finding("warn", "callback key", f"only {text}", remedy, "trtc-console")
        else:
            yield Finding("ok", "callback key", text)


def try_rules(path: str, site: Site) -> tuple[Rules | None, list[Finding]]:
    """The rules, and everything that is wrong with them."""
    try:
        rules = load_rules(path, site)
    except RulesError as error:
        return None, [
            Finding("FAIL", "rules", problem, "mend the rules file", "rules")
            for problem in error.problems
        ]
    whose = "either site" if site == "unknown" else f"the {site} site"
    text = f"{len(rules.rules)} in {path}, as the API of {whose} takes them"
    return rules, [Finding("ok", "rules", text)]


def check_rule_applications(settings: Settings, rules: Rules) -> Iterator[Finding]:
    """Applications in the rules that the settings do not have: such a rule is about no room."""
    known = {application.sdk_app_id for application in settings.applications}
    for number, rule in enumerate(rules.rules, 1):
        for sdk_app_id in rule.sdk_app_id:
            if sdk_app_id not in known:
                text = f"rule {number} ({rule.name!r}): sdk_app_id: {sdk_app_id} is not in the settings"
                remedy = "mend the rule, or add the application to TRTC_APPS"
                yield Finding("warn", "rules", text, remedy, "rules")


def check_credentials(environ: Mapping[str, str]) -> Finding:
    """Whether there are any; only a call says whether they are right."""
    try:
        credentials = read_credentials(environ)
    except SettingsError:
        remedy = "set TENCENT_SECRET_ID and TENCENT_SECRET_KEY here; on SCF attach a run role"
        return Finding("FAIL", "credentials", "none to ask the API with", remedy, "credentials")
    kind = "temporary" if credentials.token else "permanent"
    return Finding("ok", "credentials", f"there are {kind} ones")
