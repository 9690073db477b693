# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What pages tell people to type and to write exists. No command is run here, since clusters would be needed."""

from __future__ import annotations

import re
import runpy
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.http.failure import why
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.fleet.contexts import Context, of_contexts
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.fleet.plan import plan
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.health.health import (
    ControlPlaneRevision,
    Expected,
    HealthFacts,
    Proxy,
    Remote,
    findings,
)
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.member import Member
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.report import table
from ansible_collections.meshops.lifecycle.tests.unit.support.rendering import planned
from ansible_collections.meshops.lifecycle.tests.unit.support.source import CHECKOUT

FOLDER = CHECKOUT / "docs/docsite/rst"
PAGES = [*sorted(FOLDER.glob("*.rst")), CHECKOUT / "README.md", CHECKOUT / "inventories/example/README.md"]
COMMAND = re.compile(r"ansible-playbook meshops\.lifecycle\.(\w+)([^\n`]*)")
EXTRA = re.compile(r"-e '?(?:\{\")?(\w+)")


def texts(pattern: str) -> str:
    return "\n".join(path.read_text("utf-8") for path in sorted(CHECKOUT.glob(pattern)))


@cache
def variables() -> set[str]:
    """Every variable of a role or of an inventory."""
    roles = [yaml.safe_load(path.read_text("utf-8")) for path in CHECKOUT.glob("roles/*/meta/argument_specs.yml")]
    own = {name for role in roles for spec in role["argument_specs"].values() for name in spec.get("options") or {}}
    return own | set(re.findall(r"^\| `(mesh_\w+)` \|", (CHECKOUT / "inventories/example/README.md").read_text("utf-8"), re.MULTILINE))


def unknown(text: str) -> Iterator[str]:
    """Playbooks and variables of commands that do not exist. A role's variable may be given under the name of the role without its prefix, as rotate is."""
    known = variables() | {path.stem for path in CHECKOUT.glob("roles/*")}
    for playbook, rest in COMMAND.findall(text):
        if not (CHECKOUT / f"playbooks/{playbook}.yml").exists():
            yield f"playbook {playbook}"
        yield from (f"variable {name} of {playbook}" for name in EXTRA.findall(rest) if name not in known)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_commands_name_playbooks_and_variables_that_exist(page: Path) -> None:
    assert list(unknown(page.read_text("utf-8"))) == []


def test_a_command_that_nobody_knows_is_seen() -> None:
    assert list(unknown("ansible-playbook meshops.lifecycle.sight -i x -e verify_trafic=true")) == ["playbook sight", "variable verify_trafic of sight"]


WORD = re.compile(r"(?<![\w.$<-])[a-z]+(?:_[a-z0-9]+)+(?![\w<-])")
PLACE = re.compile(r"(?<![\w/.~])(?:docs|inventories|extensions|roles|playbooks|plugins|tests)/[\w./-]*\w")
LABEL = re.compile(r"ansible_collections\.meshops\.lifecycle\.docsite\.[\w.]*\w")
# Groups of example meshes, and a misspelt variable that a page shows.
EXAMPLES = {"mesh_shop", "mesh_shop_eu", "mesh_netwrok"}


@cache
def words() -> frozenset[str]:
    """Every word of plugins, roles, playbooks and extensions, with what they put together: metrics of replicas."""
    globs = ("plugins/**/*.py", "plugins/**/*.yml", "roles/**/*.yml", "playbooks/*.yml", "extensions/**/*.yml")
    return frozenset(re.findall(r"\w+", "".join(map(texts, globs)))) | {"mesh_control_plane_replicas_desired"}


@cache
def labels() -> frozenset[str]:
    return frozenset(re.findall(r"^\.\. _(\S+):$", texts("docs/docsite/rst/*.rst"), re.MULTILINE))


@cache
def names() -> frozenset[str]:
    """What `meshops.lifecycle.` stands before: playbooks, roles, modules and other plugins."""
    globs = ("playbooks/*.yml", "roles/*", "plugins/modules/*.py", "plugins/filter/*.yml", "plugins/inventory/*.py", "plugins/callback/*.py")
    return frozenset(path.stem for glob in globs for path in CHECKOUT.glob(glob)) | {"docsite"}


def strange(text: str) -> Iterator[str]:
    """What a page names and the collection does not have: names of playbooks and plugins, variables, files, labels of pages."""
    prefixes = ("mesh", *(path.name for path in CHECKOUT.glob("roles/*")))
    own = {word for word in WORD.findall(text) if word.startswith(tuple(f"{prefix}_" for prefix in prefixes))}
    yield from sorted(own - words() - variables() - EXAMPLES)
    yield from sorted(set(re.findall(r"(?<![\w/])meshops\.lifecycle\.(\w+)", text)) - names())
    yield from sorted(place for place in set(PLACE.findall(text)) if not (CHECKOUT / place).exists())
    yield from sorted(set(LABEL.findall(text)) - labels())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_a_page_names_is_there(page: Path) -> None:
    assert list(strange(page.read_text("utf-8"))) == []


def test_what_is_not_there_is_seen() -> None:
    text = "``mesh_provdier``, ``rotate_plann``, meshops.lifecycle.snapshots, ``docs/rights.yml``, :ref:`ansible_collections.meshops.lifecycle.docsite.own`"
    assert list(strange(text)) == [
        "mesh_provdier", "rotate_plann", "snapshots", "docs/rights.yml", "ansible_collections.meshops.lifecycle.docsite.own",
    ]  # fmt: skip


def unconfirmed(text: str) -> set[str]:
    """Names by which commands confirm, and which are no mesh of the page. A page without an inventory has the mesh `shop` of the others."""
    meshes = set(re.findall(r"^ *mesh_name: (\w+)$", text, re.MULTILINE)) or {"shop"}
    return set(re.findall(r"-e \w+_confirm=(\w+)", text)) - meshes


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_command_confirms_by_the_name_of_the_mesh_of_its_page(page: Path) -> None:
    assert unconfirmed(page.read_text("utf-8")) == set()


def test_the_name_of_another_mesh_is_seen() -> None:
    assert unconfirmed("    mesh_name: stock\n    ansible-playbook meshops.lifecycle.teardown -e teardown_confirm=shop") == {"shop"}


@pytest.mark.parametrize("name", ["planes", "consul", "ossm3", "operators", "awx_templates"])
def test_a_page_about_an_early_part_ends_with_what_was_tried(name: str) -> None:
    """As the page on what stays says."""
    headings = re.findall(r"^(\S.*)\n-{3,}$", (FOLDER / f"{name}.rst").read_text("utf-8"), re.MULTILINE)
    assert re.search("tried|tested|was run", headings[-1]), headings[-1]


def blocks(page: Path) -> list[str]:
    """The YAML of a page."""
    found = re.findall(r"^( *)\.\. code-block:: yaml\n((?:\n|\1   .*\n)+)", page.read_text("utf-8") + "\n", re.MULTILINE)
    return ["\n".join(line[len(indent) + 3:] for line in text.splitlines()) for indent, text in found]


@pytest.mark.parametrize("page", sorted(FOLDER.glob("*.rst")), ids=lambda page: page.stem)
def test_yaml_can_be_read(page: Path) -> None:
    for text in blocks(page):
        try:
            list(yaml.safe_load_all(text))
        except yaml.YAMLError as error:
            pytest.fail(f"{page.name}: {error}\n{text}")


def inventory(name: str) -> dict[str, Any]:
    """The inventory in a page of which the first line is `# <name>`."""
    (text,) = [text for text in blocks(FOLDER / "own_clusters.rst") if text.strip().startswith(f"# {name}")]
    return yaml.safe_load(text)


@pytest.mark.parametrize(("name", "networks", "servers"), [
    ("inventory.yml", {"east": "onprem", "west": "cloud"}, {"east": "", "west": ""}),
    ("kind.yml", {"east": "east", "west": "west"}, {"east": "https://172.18.0.2:6443", "west": "https://172.18.0.3:6443"}),
])
def test_the_inventories_of_the_first_page_can_be_planned(tmp_path: Path, name: str, networks: dict[str, str], servers: dict[str, str]) -> None:
    """It does not prove that clusters answer: no cluster is asked."""
    (tmp_path / "hosts.yml").write_text(yaml.safe_dump(inventory(name)))
    names = "query('varnames', '^mesh_', '^inventory_dir$')"
    wanted = {
        "variables": f"dict({names} | zip(query('vars', *{names})))",
        "gateways": "__gateways_plan.stages | selectattr('releases', 'defined') | map(attribute='releases') | flatten",
    }
    told = planned(tmp_path / "hosts.yml", ["preflight", "control_plane", "gateways"], wanted, tmp_path)
    members = {cluster: Member.of(cluster, plan["variables"]) for cluster, plan in told.items()}
    assert {cluster: member.faults() for cluster, member in members.items()} == {"east": [], "west": []}
    assert {cluster: member.network for cluster, member in members.items()} == networks
    assert {cluster: member.api_server for cluster, member in members.items()} == servers
    assert [release["name"] for release in told["east"]["gateways"]] == ["istio-eastwestgateway"]


def test_the_fleet_file_of_the_first_page_makes_two_meshes_of_two_hundred_contexts() -> None:
    """It does not prove that a kubeconfig is read: tests of the plugin do."""
    wish, there = inventory("fleet.yml"), [*(f"shop-{site}-{number:02}" for site in ("eu", "us") for number in range(1, 101)), "shop-us-1-sandbox", "bank-1"]
    contexts = [Context(name, f"https://{name}:6443") for name in there]
    found = [cluster for part in wish["contexts"] for cluster in of_contexts(contexts, part, "~/.kube/config", fixed=False)]
    made = plan("fleet.yml", wish, found, "istio")
    groups = Counter(group for host in made.hosts for group in host.groups)
    assert groups == {"fleet": 200, "mesh_shop_eu": 100, "mesh_shop_us": 100, "site_eu": 100, "site_us": 100, "provider_istio": 200, "role_primary": 200}
    assert made.warnings == []


def test_the_page_of_all_variables_is_the_table_of_the_example() -> None:
    """If it fails, run: python3 mk/variables.py."""
    program = runpy.run_path(str(CHECKOUT / "mk/variables.py"))
    assert (FOLDER / "variables.rst").read_text("utf-8") == program["page"]((CHECKOUT / "inventories/example/README.md").read_text("utf-8"))
    assert "|" not in (FOLDER / "variables.rst").read_text("utf-8")


def sample() -> list[str]:
    """What status prints of three clusters, of which one is out of reach."""
    now = datetime(2026, 11, 21, 12, tzinfo=UTC)
    trust = {"root": {"fingerprint": "9f31c2d4aa", "not_after": "2036-11-18T12:00:01Z"}, "intermediate": {"not_after": "2028-11-20T12:00:01Z"}}

    def cluster(name: str, site: str, address: str, north: str) -> dict[str, Any]:
        planes, remotes = [ControlPlaneRevision("stable", "1.31.3", 1, 1)], [Remote("istiod-stable-6f7c", "north", north)]
        known = HealthFacts(name, planes=planes, remotes=remotes, answered=["istiod-stable-6f7c"], reachable_networks=None,
                            proxies=[Proxy(str(number), "shop", "1.31.3") for number in range(3)])
        facts = known.as_dict()
        facts["remotes"] = [*facts["remotes"], {"cluster": "other", "status": "synced"}]
        said = findings(known, Expected("stable", gateway=False, remotes={"north": ""}))
        return {**facts, "site": site, "trust": trust, "gateways": [{"addresses": [address]}], "findings": said}

    clusters: dict[str, Any] = {
        "north": f"north: the API server at https://198.18.0.65:6443 {why(ConnectionRefusedError())}",
        "west": cluster("west", "cloud", "198.18.0.49", "timeout"), "east": cluster("east", "onprem", "198.18.0.33", "synced"),
    }  # fmt: skip
    return [*table.status(clusters, now, {"north": "cloud"}), "", table.summary(clusters)]


@pytest.mark.parametrize("page", [CHECKOUT / "README.md", FOLDER / "status.rst"], ids=lambda page: page.stem)
def test_the_first_table_of_a_page_is_what_status_prints(page: Path) -> None:
    """But for line breaks in sentences."""
    text = page.read_text("utf-8")
    begin = text.index("    CLUSTER  SITE")
    block = text[begin : text.index("\n\n", text.index("    × 3 clusters:"))]
    lines = sample()
    assert [line[4:] for line in block.splitlines()[:5]] == lines[:5]
    assert block.split() == "\n".join(lines).split()


# What Ansible, Python, Kubernetes, Helm and Envoy say, and not this collection.
OTHERS = {
    "couldn't resolve module/action", "the playbook: meshops.lifecycle.site could not be found", "Failed to import the required Python library",
    "Unable to parse ... as an inventory source", "leaves us with no hosts to target", "failed calling webhook",
    "another operation (install/upgrade/rollback) is in progress", "503", "remote connection failure", "CERTIFICATE_VERIFY_FAILED", "helm",
}  # fmt: skip


def sayings(text: str) -> list[str]:
    """The words of messages by which the page on troubleshooting is ordered: in the lines above what to do."""
    terms = re.findall(r"^(\S.*``.*)\n    \S", text, re.MULTILINE)
    return [words for term in terms for words in re.findall(r"``([^`]+)``", term)]


def test_troubleshooting_is_ordered_by_what_runs_really_say() -> None:
    said = sayings((FOLDER / "troubleshooting.rst").read_text("utf-8"))
    source = texts("plugins/**/*.py") + texts("roles/**/*.yml") + texts("playbooks/*.yml")
    assert [words for words in said if words not in OTHERS and words not in source] == []
    assert len(said) > 20


READ_ON_THE_WEB = [path for glob in ("*.md", "docs/**/*.md", "roles/*/README.md", "inventories/*/*.md", "extensions/*/*.md", "tests/**/*.md")
                   for path in sorted(CHECKOUT.glob(glob))]  # fmt: skip


def astray(page: Path) -> list[str]:
    """Links of Markdown to files that are not there."""
    targets = re.findall(r"\]\((?!https?:)([^)#\s]+)", page.read_text("utf-8"))
    return [f"{page.relative_to(CHECKOUT)}: {target}" for target in targets if not (page.parent / target).exists()]


def test_links_of_markdown_lead_somewhere() -> None:
    assert [fault for page in READ_ON_THE_WEB for fault in astray(page)] == []
    assert len(READ_ON_THE_WEB) > 80


def test_every_guide_is_in_the_list_of_guides() -> None:
    sections = yaml.safe_load((CHECKOUT / "docs/docsite/extra-docs.yml").read_text("utf-8"))["sections"]
    listed = [page for section in sections for page in section["toctree"]]
    assert sorted(listed) == sorted(page.stem for page in FOLDER.glob("*.rst"))
