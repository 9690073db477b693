# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is built for users, and what Galaxy's importer asks of it. `make lint-importer` runs the importer itself."""

from __future__ import annotations

import os
import re
import runpy
import subprocess
import sys
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.meshops.lifecycle.tests.unit.support.source import CHECKOUT, PLUGINS, sources

NAME = re.compile(r"^(?!.*__)[a-z_][0-9a-z_]*$")  # of a file of plugins, as galaxy-importer has it: any other name ends the import
LISTED = ("action", "callback", "doc_fragments", "filter", "inventory", "lookup", "module_utils", "modules", "test")
INSIDE = re.compile(r"^(tests|mk|build|\.[^/]+|extensions/molecule|inventories/lab[^/]*|changelogs/fragments|Makefile|pyproject\.toml)(/|$)")
NEEDED = ("README.md", "LICENSE", "SECURITY.md", "MAINTAINERS", "requirements.txt", "docs/rbac.yml", "meta/runtime.yml", "meta/ee-bindep.txt",
          "changelogs/changelog.yaml", "inventories/example/README.md", "playbooks/site.yml", "roles/trust/meta/main.yml",
          "plugins/filter/_private.py", "execution-environment.yml", "extensions/controller/apply.yml", "extensions/controller/project/site.yml",
          "extensions/controller/environments/programs/.keep")  # fmt: skip


def unfit(paths: Iterable[Path]) -> list[str]:
    return [str(path) for path in paths if path.name != "__init__.py" and not NAME.match(path.stem)]


def test_galaxy_takes_the_name_of_every_plugin() -> None:
    assert unfit(source.path for source in sources() if source.path.parts[0] in LISTED) == []


def test_a_name_that_galaxy_refuses_is_seen() -> None:
    assert unfit([Path("filter/__claims.py"), Path("filter/a__b.py"), Path("filter/2nd.py"), Path("filter/_private.py"), Path("filter/__init__.py")]) == [
        "filter/__claims.py", "filter/a__b.py", "filter/2nd.py",
    ]  # fmt: skip


@pytest.mark.parametrize("role", sorted(path.parent.parent for path in CHECKOUT.glob("roles/*/tasks/main.yml")), ids=lambda role: role.name)
def test_galaxy_finds_the_description_of_every_role(role: Path) -> None:
    told = yaml.safe_load((role / "meta/main.yml").read_text("utf-8"))["galaxy_info"]
    said = yaml.safe_load((role / "meta/argument_specs.yml").read_text("utf-8"))["argument_specs"]["main"]["short_description"]
    assert (told["description"], told["standalone"], told["license"]) == (said, False, "GPL-3.0-or-later")


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tarfile.TarInfo]:
    folder = tmp_path_factory.mktemp("artifact")
    program = str(Path(sys.executable).with_name("ansible-galaxy"))
    settings = {**os.environ, "HOME": str(folder), "ANSIBLE_LOCAL_TEMP": str(folder)}
    command = [program, "collection", "build", "--output-path", str(folder)]
    subprocess.run(command, cwd=CHECKOUT, check=True, stdout=subprocess.DEVNULL, timeout=120, env=settings)
    with tarfile.open(next(folder.glob("*.tar.gz"))) as tar:
        return {member.name: member for member in tar}


def test_nothing_for_those_who_work_on_the_collection_is_built(artifact: dict[str, tarfile.TarInfo]) -> None:
    assert [name for name in artifact if INSIDE.match(name)] == []
    assert [name for name in artifact if re.search("killpoint|bench(?!marks)|drill", name)] == []


def test_all_that_users_need_is_built(artifact: dict[str, tarfile.TarInfo]) -> None:
    assert [name for name in NEEDED if name not in artifact] == []
    assert sum(member.size for member in artifact.values()) < 20_000_000


def test_the_link_of_the_private_filters_is_built_as_a_link(artifact: dict[str, tarfile.TarInfo]) -> None:
    links = {name: member.linkname for name, member in artifact.items() if member.issym()}
    assert links == {"plugins/filter/_private.py": "../plugin_utils/private_filters.py"}
    assert (PLUGINS / "filter/_private.py").resolve() == PLUGINS / "plugin_utils/private_filters.py"


@pytest.fixture(scope="module")
def release() -> dict[str, Any]:
    """The program that sets the version of a release."""
    return runpy.run_path(str(CHECKOUT / "mk/release.py"))


def test_one_version_stands_everywhere(release: dict[str, Any]) -> None:
    """If it fails: python3 mk/release.py with the version of galaxy.yml."""
    version = yaml.safe_load((CHECKOUT / "galaxy.yml").read_text("utf-8"))["version"]
    assert [str(path) for path, _text in release["changes"](CHECKOUT, version)] == []
    changed = {str(path.relative_to(CHECKOUT)) for path, _text in release["changes"](CHECKOUT, "999.0.0")}
    assert {"galaxy.yml", "README.md", "docs/docsite/rst/own_clusters.rst"} <= changed


def test_what_each_page_says_of_its_first_version_is_found(release: dict[str, Any]) -> None:
    """Before and after a release, which keeps what it had."""
    pages = [path for glob in release["ADDED"] for path in CHECKOUT.glob(glob) if path.name not in ("__init__.py", "_private.py", "mesh.py")]
    texts = {path: path.read_text("utf-8") for path in pages}
    assert [str(path) for path, text in texts.items() if release["added"](text, "999.0.0", set()) == text] == []
    assert len(pages) > 50


@pytest.mark.parametrize(("before", "after"), [
    pytest.param("version_added: 0.1.0\n", "version_added: 1.1.0\n", id="in no release"),
    pytest.param("  version_added: '0.2.0'\n", "  version_added: 1.1.0\n", id="in quotes"),
    pytest.param("version_added: 1.0.0\n", "version_added: 1.0.0\n", id="released before"),
    pytest.param("version: 0.1.0\n", "version: 0.1.0\n", id="something else"),
])  # fmt: skip
def test_what_a_release_had_keeps_the_version_in_which_it_came(release: dict[str, Any], before: str, after: str) -> None:
    known = release["released"]("ancestor: null\nreleases:\n  1.0.0:\n    changes:\n      minor_changes:\n        - 0.9.0 is no release\n")
    assert known == {"1.0.0"}
    assert release["added"](before, "1.1.0", known) == after


@pytest.mark.parametrize(("fragment", "left"), [
    pytest.param("---\nbugfixes:\n  - >-\n    site - what nobody\n    had.\n", "", id="a change"),
    pytest.param("---\n# why\nadd object.playbook:\n  - name: site\nminor_changes:\n  - site - more\n", "---\n# why\nadd object.playbook:\n  - name: site\n",
                 id="a playbook"),
    pytest.param("---\nminor_changes: [a]\nrelease_summary: >-\n  The first.\n", "---\nrelease_summary: >-\n  The first.\n", id="the summary"),
])  # fmt: skip
def test_a_first_release_tells_of_no_change(release: dict[str, Any], fragment: str, left: str) -> None:
    """`CHANGELOG.rst` of a first release with hundreds of mended faults, and with changes that break what nobody had, helps nobody."""
    assert release["first"](fragment) == left


def test_what_is_left_for_a_first_release_can_be_read(release: dict[str, Any]) -> None:
    told = [yaml.safe_load(text) for path in CHECKOUT.glob("changelogs/fragments/*.yml") if (text := release["first"](path.read_text("utf-8")))]
    assert {key for fragment in told for key in fragment} <= {"release_summary", "known_issues", "add object.playbook"}


def test_what_antsibull_changelog_remembers_is_neither_kept_nor_built() -> None:
    """`antsibull-changelog release` leaves a list of all plugins behind."""
    place = "changelogs/.plugin-cache.yaml"
    assert place in yaml.safe_load((CHECKOUT / "galaxy.yml").read_text("utf-8"))["build_ignore"]
    assert f"/{place}" in (CHECKOUT / ".gitignore").read_text("utf-8").splitlines()


def test_a_summary_waits_for_the_release() -> None:
    """One fragment has it. After the release no fragment is left."""
    fragments = [yaml.safe_load(path.read_text("utf-8")) for path in sorted(CHECKOUT.glob("changelogs/fragments/*.yml"))]
    assert sum("release_summary" in fragment for fragment in fragments) == bool(fragments)


def test_the_public_definition_of_the_tests_runs_their_tiers() -> None:
    jobs = yaml.safe_load((CHECKOUT / ".github/workflows/test.yml").read_text("utf-8"))["jobs"]
    said = [str(step.get("run", "")) for job in jobs.values() for step in job["steps"]]
    called = {word for line in said if line.startswith("make ") and "{" not in line for word in line.split()[1:]}
    called |= set(jobs["at-rest"]["strategy"]["matrix"]["tier"])
    assert {"lint", "sanity", "unit", "test-api", "test-lab", "molecule"} <= called
    makefiles = "\n".join((CHECKOUT / name).read_text("utf-8") for name in ("Makefile", "tests/lab/lab.mk"))
    targets = {word for line in re.findall(r"^([a-z][a-z -]*):", makefiles, re.MULTILINE) for word in line.split()}
    assert called <= targets, called - targets


def test_the_changelog_names_every_playbook() -> None:
    """antsibull-changelog finds modules, plugins and roles itself, but no playbooks. After the release they stand in changelog.yaml."""
    told = [yaml.safe_load(path.read_text("utf-8")) for path in sorted(CHECKOUT.glob("changelogs/fragments/*.yml"))]
    released = yaml.safe_load((CHECKOUT / "changelogs/changelog.yaml").read_text("utf-8"))["releases"] or {}
    named = [entry["name"] for part in told for entry in part.get("add object.playbook", ())]
    named += [entry["name"] for release in released.values() for entry in (release.get("objects") or {}).get("playbook", ())]
    assert sorted(named) == sorted(path.stem for path in CHECKOUT.glob("playbooks/*.yml") if path.stem != "clusters")
