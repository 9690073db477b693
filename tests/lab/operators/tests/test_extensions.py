# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The stand-in of OLM v1, after the source of operator-controller: nobody has watched that one run for these tests."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from standins.objects import Object, condition, delete, made, name, status

from .test_olm import PACKAGE, V1, V2, V3, WIDGET
from .world import World, ns

PLAYS = frozenset({"v1", "rollouts"})


def extension(version: str = "1.0.0", **catalog: Any) -> Object:
    source = {"sourceType": "Catalog", "catalog": {"packageName": PACKAGE, "version": version, **catalog}}
    return made("ClusterExtension", PACKAGE, spec={"namespace": "operators", "source": source})


@pytest.fixture
def world() -> World:
    world = World()
    content = {PACKAGE: {"channels": {"stable": [V1, V2, V3]}, "kinds": [WIDGET], "image": "demo:1"}}
    for one in (*ns("operators", "olmv1-system"), made("ClusterCatalog", "demo", spec={}),
                {**made("ConfigMap", "demo", "olmv1-system"), "data": {"catalog": yaml.safe_dump(content)}}):  # fmt: skip
        world.put(one)
    world.settle(plays=PLAYS)
    world.diary.clear()
    return world


def installed(world: World) -> str:
    return str(((status(world.get("ClusterExtension", PACKAGE) or {}).get("install") or {}).get("bundle") or {}).get("version", ""))


def said(world: World) -> dict[str, str]:
    """Each condition with its reason."""
    return {one["type"]: f"{one['status']}/{one['reason']}" for one in status(world.get("ClusterExtension", PACKAGE) or {}).get("conditions") or ()}


def offer(world: World, called: str = "demo", **more: Any) -> None:
    content = {PACKAGE: {"channels": {"stable": [V1, V2, V3]}, "kinds": [WIDGET], "image": "demo:1", **more}}
    world.put(made("ClusterCatalog", called, spec={}))
    world.put({**made("ConfigMap", called, "olmv1-system"), "data": {"catalog": yaml.safe_dump(content)}})


NOT_DEPRECATED = dict.fromkeys(("Deprecated", "PackageDeprecated", "ChannelDeprecated", "BundleDeprecated"), "False/NotDeprecated")
NOBODY_KNOWS = {**dict.fromkeys(NOT_DEPRECATED, "Unknown/DeprecationStatusUnknown"), "BundleDeprecated": "Unknown/Absent"}


def test_it_says_installed_before_anything_runs(world: World) -> None:
    """The trap of the usual runtime: all is written, nothing runs, and every condition is as at the end."""
    world.put(extension())
    world.turn(plays=PLAYS)
    assert len((world.get("ClusterExtension", PACKAGE) or {})["metadata"]["finalizers"]) == 2
    world.turn(plays=frozenset({"v1"}))
    assert said(world) == {"Installed": "True/Succeeded", "Progressing": "True/Succeeded", **NOT_DEPRECATED}
    assert (installed(world), status(world.get("Deployment", PACKAGE, "operators") or {})) == ("1.0.0", {})
    world.settle(plays=PLAYS)
    assert world.said("ClusterExtension") == [PACKAGE, f"{PACKAGE}: Progressing=True/Succeeded Installed=True/Succeeded"]
    labels = (world.get("Deployment", PACKAGE, "operators") or {})["metadata"]["labels"]
    assert labels == {"olm.operatorframework.io/owner-kind": "ClusterExtension", "olm.operatorframework.io/owner-name": PACKAGE}


def test_by_revisions_a_rollout_ends_when_its_deployments_are_available(world: World) -> None:
    world.put(extension())
    world.settle(plays=PLAYS, revisions=True)
    assert world.said("ClusterExtension") == [
        PACKAGE, f"{PACKAGE}: Progressing=True/RollingOut Installed=False/Absent", f"{PACKAGE}: Progressing=True/Succeeded Installed=True/Succeeded",
    ]  # fmt: skip
    assert installed(world) == "1.0.0"
    assert condition(world.get("ClusterExtension", PACKAGE) or {}, "Progressing")["observedGeneration"] == 1


def test_by_revisions_nobody_looks_at_another_version_before_the_end(world: World) -> None:
    offer(world, faults={V1: ["check"]})
    world.put(extension())
    world.settle(plays=PLAYS, revisions=True)
    world.put(extension("1.1.0", upgradeConstraintPolicy="SelfCertified"))
    world.settle(plays=PLAYS, revisions=True)
    assert condition(world.get("ClusterExtension", PACKAGE) or {}, "Progressing")["message"] == "Revision 1.0.0 is rolling out."
    assert installed(world) == ""


def test_a_step_is_what_the_catalogue_provides_and_more_only_if_the_user_says_so(world: World) -> None:
    world.put(extension())
    world.settle(plays=PLAYS)
    world.put(extension("1.2.0"))
    world.settle(plays=PLAYS)
    told = condition(world.get("ClusterExtension", PACKAGE) or {}, "Progressing")
    assert (told["reason"], installed(world), said(world)["Installed"]) == ("Retrying", "1.0.0", "True/Succeeded")
    assert told["message"] == f'error upgrading from currently installed version "1.0.0": no bundles found for package "{PACKAGE}" matching version "1.2.0"'
    world.put(extension("1.1.0"))
    world.settle(plays=PLAYS)
    assert installed(world) == "1.1.0"
    world.put(extension("1.0.0", upgradeConstraintPolicy="SelfCertified"))
    world.settle(plays=PLAYS)
    assert installed(world) == "1.0.0"


@pytest.mark.parametrize(("given", "why"), [
    ({"version": "9.9.9"}, f'no bundles found for package "{PACKAGE}" matching version "9.9.9"'),
    ({"channels": ["beta"]}, f'no bundles found for package "{PACKAGE}" matching version "1.0.0" in channels [beta]'),
    ({"selector": {"matchLabels": {"olm.operatorframework.io/metadata.name": "other"}}}, f'no bundles found for package "{PACKAGE}" matching version "1.0.0"'),
])  # fmt: skip
def test_what_is_nowhere_is_tried_again_and_again(world: World, given: dict[str, Any], why: str) -> None:
    world.put(extension(**given))
    world.settle(plays=PLAYS)
    assert said(world) == {"Installed": "False/Failed", "Progressing": "True/Retrying", **NOBODY_KNOWS}
    assert condition(world.get("ClusterExtension", PACKAGE) or {}, "Progressing")["message"] == why


def test_one_catalogue_that_does_not_answer_stops_all(world: World) -> None:
    world.put(made("ClusterCatalog", "other", spec={}))
    world.put(extension())
    world.settle(plays=PLAYS)
    told = condition(world.get("ClusterExtension", PACKAGE) or {}, "Progressing")["message"]
    assert told == f'error walking catalogs: error getting package "{PACKAGE}" from catalog "other": catalog "other" is not being served'
    assert condition(world.get("ClusterCatalog", "other") or {}, "Serving")["reason"] == "Unavailable"
    world.put(made("ClusterCatalog", "other", spec={"availabilityMode": "Unavailable"}))
    world.settle(plays=PLAYS)
    assert installed(world) == "1.0.0"
    assert condition(world.get("ClusterCatalog", "other") or {}, "Serving")["reason"] == "UserSpecifiedUnavailable"


def test_two_catalogues_of_one_priority_are_ambiguous(world: World) -> None:
    offer(world, "twin")
    world.put(extension())
    world.settle(plays=PLAYS)
    told = condition(world.get("ClusterExtension", PACKAGE) or {}, "Progressing")["message"]
    assert told == f'found bundles for package "{PACKAGE}" matching version "1.0.0" in multiple catalogs with the same priority [demo twin]'
    world.put(made("ClusterCatalog", "twin", spec={"priority": 1}))
    world.settle(plays=PLAYS)
    assert installed(world) == "1.0.0"


def test_without_any_catalogue_what_is_installed_stays_well(world: World) -> None:
    world.put(extension())
    world.settle(plays=PLAYS)
    world.remove("ClusterCatalog", "demo")
    world.settle(plays=PLAYS)
    assert (said(world)["Progressing"], said(world)["BundleDeprecated"]) == ("True/Succeeded", "Unknown/DeprecationStatusUnknown")
    world.put(extension("1.1.0"))
    world.settle(plays=PLAYS)
    assert said(world)["Progressing"] == "True/Retrying"


UNSUPPORTED = f'validating bundle "{V1}": bundle "{V1}" has a dependency declared via property "olm.package.required" which is currently not supported'


@pytest.mark.parametrize(("more", "why"), [
    ({"faults": {V1: ["install"]}}, f'error for resolved bundle "{V1}" with version "1.0.0": deployments.apps "{PACKAGE}" is forbidden'),
    ({"beside": ["dep.v1.0.0"]}, UNSUPPORTED),
])  # fmt: skip
def test_what_cannot_be_written_is_tried_again_and_again(world: World, more: dict[str, Any], why: str) -> None:
    offer(world, **more)
    world.put(extension())
    world.settle(plays=PLAYS)
    assert (said(world)["Installed"], said(world)["Progressing"]) == ("False/Failed", "True/Retrying")
    assert condition(world.get("ClusterExtension", PACKAGE) or {}, "Progressing")["message"] == why


def test_a_namespace_has_to_be_there_and_a_crd_of_others_is_not_taken_over(world: World) -> None:
    crd = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "widgets.demo.example.com"}, "spec": {}}
    world.put(crd)
    world.put(extension())
    world.remove("Namespace", "operators")
    world.settle(plays=PLAYS)
    assert 'namespaces "operators" not found' in condition(world.get("ClusterExtension", PACKAGE) or {}, "Progressing")["message"]
    world.put(ns("operators")[0])
    world.settle(plays=PLAYS)
    assert "exists and cannot be imported into the current release" in condition(world.get("ClusterExtension", PACKAGE) or {}, "Progressing")["message"]
    world.remove("CustomResourceDefinition", "widgets.demo.example.com")
    world.settle(plays=PLAYS)
    assert installed(world) == "1.0.0"


def test_a_deprecated_package_says_so(world: World) -> None:
    offer(world, deprecated="Use another one.")
    world.put(extension())
    world.settle(plays=PLAYS)
    wanted = {**NOT_DEPRECATED, "Deprecated": "True/Deprecated", "PackageDeprecated": "True/Deprecated"}
    assert {kind: told for kind, told in said(world).items() if kind in wanted} == wanted


def test_all_that_it_brought_goes_with_it(world: World) -> None:
    world.put(extension())
    world.settle(plays=PLAYS)
    assert [name(one) for one in world.all("CustomResourceDefinition")] == ["widgets.demo.example.com"]
    world.do(delete(world.get("ClusterExtension", PACKAGE) or {}))
    world.settle(plays=PLAYS)
    assert [world.all(kind) for kind in ("ClusterExtension", "Deployment", "ServiceAccount", "CustomResourceDefinition")] == [[], [], [], []]
