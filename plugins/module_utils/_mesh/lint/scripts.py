# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules about the scripts that lie beside manifests: what they read, where they look, and whether they can run again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from posixpath import basename, dirname, join, normpath

from ..few_names import few
from .commands import ShellCommand, commands
from .finding import ERROR, NOTICE, WARNING, Finding
from .given import LintScene, Script
from .nearest import nearest
from .rule import LintRule

_NAMESPACES = ("project", "projects", "namespace", "namespaces", "ns")
_SUBSCRIPTIONS = ("subscription", "subscriptions", "sub", "subs")
_VERSIONS = ("clusterserviceversion", "clusterserviceversions", "csv", "csvs")
_MANIFEST = re.compile(r"[\w./-]+\.(ya?ml|json)$")
_ENDS_AT_ERRORS = re.compile(r"^\s*set\s+(-\w*e\w*|-o\s+errexit)\b", re.MULTILINE)
_BUILTIN_SPACES = re.compile(r"(kube|openshift)-|default$")


def _each(scene: LintScene) -> Iterator[tuple[Script, ShellCommand]]:
    for script in scene.scripts:
        for command in commands(script):
            yield script, command


def _missing(scene: LintScene, rule: LintRule) -> Iterator[Finding]:
    """A script may be run from its own folder or from one above it, so a file is missing only if none of these has it."""
    by_name = {basename(file): file for file in scene.files}
    for script, command in _each(scene):
        made = set(re.findall(r">>?\s*(\S+)", "\n".join(script.lines)))
        for file in command.flag("-f", "--filename", "--from-file") if command.is_client else ():
            path = file.partition("=")[2] or file
            if not _MANIFEST.search(path) or "$" in path or "://" in path or path in made or _exists(script.file, path, scene.files):
                continue
            elsewhere = by_name.get(basename(path)) or by_name.get(nearest(basename(path), by_name, 0.85))
            hint = f"; {elsewhere} is there" if elsewhere else ""
            yield rule.in_script(script.file, command.line, f"the script reads {path}, and no such file was given{hint}")


def _exists(script: str, path: str, files: frozenset[str]) -> bool:
    folder = dirname(script)
    while True:
        if normpath(join(folder, path)) in files:
            return True
        if not folder or folder == dirname(folder):
            return normpath(path) in files
        folder = dirname(folder)


def _elsewhere(scene: LintScene, rule: LintRule) -> Iterator[Finding]:
    known = {each.ref.namespace or "" for each in scene.known if each.ref.kind == "Subscription" and each.group == "operators.coreos.com"} - {""}
    for script, command in _each(scene):
        if not known or not any(command.does(verb, *_SUBSCRIPTIONS, *_VERSIONS) for verb in ("get", "describe", "wait", "delete")):
            continue
        for space in command.flag("-n", "--namespace"):
            if space not in known and "$" not in space:
                says = f"the script looks for operators in {space}, and the Subscriptions are in {few(sorted(known), 3)}"
                yield rule.in_script(script.file, command.line, says)


def _once(scene: LintScene, rule: LintRule) -> Iterator[Finding]:
    for script in scene.scripts:
        strict = _ENDS_AT_ERRORS.search("\n".join(script.lines)) is not None
        for command in commands(script):
            repeatable = re.search(r"--dry-run|\|\|", command.joined)
            if strict and command.does("create") and command.plain[1:2] and not repeatable and "-f" not in command.words:
                says = f"a second run ends here, because the {command.plain[1]} exists by then; use apply, or create --dry-run=client -o yaml | apply"
                yield rule.in_script(script.file, command.line, says)


def _sed(scene: LintScene, rule: LintRule) -> Iterator[Finding]:
    for script, command in _each(scene):
        newline = command.program == "sed" and re.search(r"s(.).*\1.*\\n.*\1", " ".join(command.words))
        if command.program == "gsed" or newline:
            why = "gsed exists only where somebody installed it" if command.program == "gsed" else "sed writes such a line break on some platforms only"
            yield rule.in_script(script.file, command.line, f"{why}; read the certificate into a ConfigMap by apply")


def _strangers(scene: LintScene, rule: LintRule) -> Iterator[Finding]:
    known = scene.namespaces()
    for script, command in _each(scene):
        for name in command.named() if known and command.does("delete", *_NAMESPACES) else ():
            if name in known or "$" in name or _BUILTIN_SPACES.match(name):
                continue
            close = nearest(name, known)
            hint = f"; {close} is, and stays" if close else ""
            yield rule.in_script(script.file, command.line, f"the script deletes the namespace {name}, which no manifest names{hint}")


def _left(scene: LintScene, rule: LintRule) -> Iterator[Finding]:
    for script in scene.scripts:
        known = list(commands(script))
        gone = [command for command in known if command.does("delete", *_SUBSCRIPTIONS)]
        if gone and not any(command.does("delete", *_VERSIONS) for command in known):
            says = "the script deletes a Subscription and leaves its ClusterServiceVersion, with which the operator goes on"
            yield rule.in_script(script.file, gone[0].line, says)


RULES = (
    LintRule("missing-file", ERROR, "A script reads a manifest that is not among the given files.", _missing),
    LintRule("operator-namespace", WARNING, "A script looks for an operator in a namespace in which no Subscription is.", _elsewhere),
    LintRule("not-repeatable", WARNING, "A script that ends at errors creates an object, so its second run ends there.", _once),
    LintRule("platform-sed", NOTICE, "A script needs a sed that not every platform has.", _sed),
    LintRule("cleanup-unknown-namespace", ERROR, "A script deletes a namespace that no manifest names, and leaves the one that was meant.", _strangers),
    LintRule("cleanup-leaves-operator", WARNING, "A script deletes a Subscription and not its ClusterServiceVersion.", _left),
)
