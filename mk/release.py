# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Set the version of the next release wherever it stands: `python3 mk/release.py 1.0.0`.

It stands in galaxy.yml, in the names of files on pages, and as `version_added` of whatever no release had yet. With `--first` the fragments of the changelog
lose what they say of changes: before the first release nobody had what was changed.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
NUMBER = r"\d+\.\d+\.\d+"
PAGES = ("README.md", "docs/docsite/rst/own_clusters.rst")
ADDED = ("plugins/modules/*.py", "plugins/inventory/*.py", "plugins/callback/*.py", "plugins/filter/*.yml", "roles/*/meta/argument_specs.yml")
KEPT = ("release_summary:", "known_issues:", "add ")  # what a first release says: itself, what to know, and its playbooks


def released(changelog: str) -> set[str]:
    """The versions of changelog.yaml."""
    return set(re.findall(rf"^  ({NUMBER}):", changelog, re.MULTILINE))


def added(text: str, version: str, before: Collection[str]) -> str:
    """What was added in a version that never came out is added in this one."""
    mark = re.compile(rf"(?<=version_added: )(['\"]?){NUMBER}\1$", re.MULTILINE)
    return mark.sub(lambda found: found[0] if found[0].strip("'\"") in before else version, text)


def named(text: str, version: str) -> str:
    return re.sub(rf"(?<=meshops-lifecycle-){NUMBER}(?=\.tar\.gz)", version, text)


def galaxy(text: str, version: str) -> str:
    return re.sub(rf"^version: {NUMBER}$", f"version: {version}", text, count=1, flags=re.MULTILINE)


def first(fragment: str) -> str:
    """A fragment of the first release; empty if nothing is left of it."""
    head, *sections = re.split(r"^(?=[a-z])", fragment, flags=re.MULTILINE)
    told = [section for section in sections if section.startswith(KEPT)]
    return head + "".join(told) if told else ""


def begin(checkout: Path) -> None:
    """Rewrite the fragments for the first release."""
    for path in sorted((checkout / "changelogs/fragments").glob("*.yml")):
        if text := first(path.read_text("utf-8")):
            path.write_text(text, encoding="utf-8")
        else:
            path.unlink()


def changes(checkout: Path, version: str) -> Iterator[tuple[Path, str]]:
    """Each file that has to change, and its new text."""
    before = released((checkout / "changelogs/changelog.yaml").read_text("utf-8"))
    wanted: list[tuple[Path, Callable[[str, str], str]]] = [(checkout / "galaxy.yml", galaxy), *((checkout / page, named) for page in PAGES)]
    wanted += [(path, lambda text, number: added(text, number, before)) for glob in ADDED for path in sorted(checkout.glob(glob))]
    for path, changed in wanted:
        text = path.read_text("utf-8")
        if (new := changed(text, version)) != text:
            yield path, new


def main(words: list[str]) -> int:
    if len(words) not in (1, 2) or not re.fullmatch(NUMBER, words[0]) or words[1:] not in ([], ["--first"]):
        print("Give the version of the release, such as 1.0.0, and --first if it is the first one.", file=sys.stderr)
        return 2
    if words[1:] and (before := released((CHECKOUT / "changelogs/changelog.yaml").read_text("utf-8"))):
        print(f"There was a release before: {', '.join(sorted(before))}. Run it without --first.", file=sys.stderr)
        return 2
    if words[1:]:
        begin(CHECKOUT)
    for path, text in list(changes(CHECKOUT, words[0])):
        path.write_text(text, encoding="utf-8")
        print(path.relative_to(CHECKOUT))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
