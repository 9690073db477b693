# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No key and no token is in anything that a run writes, whatever it does and however it fails."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Cluster
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.connect import connect
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._pki import issue
from ansible_collections.meshops.lifecycle.tests.unit.support.contract import as_somebody_else, namespace, secret
from ansible_collections.meshops.lifecycle.tests.unit.support.leaks import leaks, outlets

from .conftest import BESIDE, OURS, Play, Step, Way
from .test_cycles import READER_TOKEN, tokens

PIPELINING = {"ANSIBLE_PIPELINING": "true"}  # as the playbooks of the collection have it


@dataclass(frozen=True)
class Told:
    """A run: the secrets that leaked and their places, and the results of the tasks."""

    leaks: list[str]
    results: dict[str, dict[str, Any]]


def key(name: str) -> bytes:
    return issue.new_root(name, "shop.example", "P-256", datetime.now(UTC), 30).key


@pytest.fixture
def cluster(api_server: Any) -> Cluster:
    return connect({"kubeconfig": str(api_server.kubeconfig), "context": api_server.context, "cluster": "test"}, environ={})


class Story:
    """Tasks with all kinds of secrets, in a mesh and namespaces of their own."""

    def __init__(self, cluster: Cluster, admin: dict[str, Any], api_server: Any, way: Way, name: str) -> None:
        self.cluster, self.admin, self.api_server, self.way, self.name = cluster, admin, api_server, way, name
        self.inline = issue.new_root("given", "shop.example", "P-256", datetime.now(UTC), 30)
        self.keys = {what: key(what) for what in ("applied", "changed", "checked", "conflicting", "misfit", "mistyped", "unexpected")}
        cluster.apply([namespace(f"{name}-app")])
        theirs = self.manifest("conflicting", name="theirs")
        del theirs["stringData"]
        as_somebody_else(cluster, {**theirs, "data": {"tls.key": "dGhlaXJz"}})

    def manifest(self, what: str, name: str = "key") -> dict[str, Any]:
        made = secret(f"{self.name}-app", **{"tls.key": self.keys[what].decode()})
        made["metadata"]["name"] = name
        return made

    def coded(self, what: str) -> dict[str, Any]:
        made = self.manifest(what)
        plain = made.pop("stringData")["tls.key"]
        return {**made, "data": {"tls.key": base64.b64encode(plain.encode()).decode()}}

    def client(self) -> dict[str, Any]:
        """The administrator's kubeconfig, with a client certificate, given as a dictionary."""
        return dict(yaml.safe_load(self.api_server.kubeconfig.read_text()))

    def steps(self) -> dict[str, Step]:
        mesh = {"mesh": self.name, "namespace": f"{self.name}-system", "root": {"kube": self.admin, "namespace": f"{self.name}-root"}}
        given = {"source": "inline", "certificate": self.inline.certificate.decode(), "private_key": self.inline.key.decode()}
        west = {"name": "west", "kube": {"kubeconfig": self.client(), "context": self.api_server.context}, "server": "https://west.example"}
        misfit = {**self.coded("misfit"), "data": {"tls.key": self.keys["misfit"].decode()}}
        dictionary = {"kubeconfig": yaml.safe_load(Path(self.way.kubeconfig).read_text()), "context": "admin"}
        applied = {"manifests": [self.manifest("applied")]}
        return {
            "the CA in check mode": Step("ca", mesh, check=True),
            "the CA": Step("ca", mesh),
            "the CA again": Step("ca", mesh),
            "a look at the CA": Step("ca_info", mesh),
            "the links in check mode": Step("links", {"namespace": mesh["namespace"], "links": [{**west, "kube": self.admin}]}, check=True),
            "the links": Step("links", {"namespace": mesh["namespace"], "links": [{**west, "kube": self.admin}]}),
            "a root that is given": Step("ca", {**mesh, "namespace": f"{self.name}-given", "root": given}),
            "a kubeconfig with a client's key for the other cluster": Step("links", {"namespace": mesh["namespace"], "links": [west]}),
            "a kubeconfig with a client's key": Step("cluster_info", {"kubeconfig": self.client(), "context": self.api_server.context}),
            "a kubeconfig with a token": Step("cluster_info", dictionary),
            "a kubeconfig without that context": Step("cluster_info", {**dictionary, "context": "nowhere"}),
            "a token": Step("cluster_info", {**self.by_host(), "api_key": self.way.tokens["admin"]}),
            "a Secret in check mode": Step("mesh_config", {"manifests": [self.manifest("checked")]}, check=True),
            "a Secret": Step("mesh_config", applied),
            "another value": Step("mesh_config", {"manifests": [self.coded("changed")]}),
            "a conflict": Step("mesh_config", {"manifests": [self.manifest("conflicting", name="theirs")]}),
            "a conflict in check mode": Step("mesh_config", {"manifests": [self.manifest("conflicting", name="theirs")]}, check=True),
            "what is no base64": Step("mesh_config", {"manifests": [misfit]}),
            "an unknown field": Step("mesh_config", {"manifests": [{**self.manifest("misfit"), "spec": {"tls.key": self.keys["misfit"].decode()}}]}),
            "an option's value that is not known": Step("mesh_config", {"manifests": [self.manifest("mistyped")], "state": "presnt"}),
            "an option that is not known": Step("mesh_config", {"manifests": [self.manifest("unexpected")], "stat": "present"}),
            "a Secret that goes": Step("mesh_config", {**applied, "state": "absent"}),
        }

    def by_host(self) -> dict[str, Any]:
        return {"kubeconfig": None, "context": None, "host": self.way.url, "ca_cert": self.way.ca}

    def secrets(self) -> dict[str, bytes]:
        client = self.client()["users"][0]["user"]["client-key-data"]
        made = {
            "the root": self.stored(f"{self.name}-root", "meshops-root-ca", "root-key.pem"),
            "the intermediate": self.stored(f"{self.name}-system", "cacerts", "ca-key.pem"),
            "the intermediate below the given root": self.stored(f"{self.name}-given", "cacerts", "ca-key.pem"),
            "the given root": self.inline.key,
            "the client's key": base64.b64decode(client),
            "the reader's token": READER_TOKEN,
            "our token": self.way.tokens["admin"].encode(),
        }
        return made | {f"the Secret {what}": value for what, value in self.keys.items()}

    def stored(self, place: str, name: str, part: str) -> bytes:
        found = self.cluster.get(Ref("v1", "Secret", name, place))
        assert found, f"{place}/{name}"
        return base64.b64decode(found["data"][part])


FAILING = {
    "a kubeconfig without that context", "a conflict", "a conflict in check mode", "what is no base64", "an unknown field",
    "an option's value that is not known", "an option that is not known",
}  # fmt: skip


def run(play: Play, story: Story, environ: Mapping[str, str], steps: Mapping[str, Step]) -> Told:
    with outlets() as out:
        surroundings = {**out.environ(), **environ}
        with out.watching() as watch, tokens(story.cluster, f"{story.name}-system"):
            played = play(*steps.values(), environ=surroundings, verbosity="-vvvv")
        places = {**out.places(played.output, watch), "what the tasks returned": json.dumps(played.results).encode()}
    results = dict(zip(steps, played.results, strict=True))
    assert {name for name, result in results.items() if result.get("failed")} == FAILING & set(steps), results
    return Told(leaks(story.secrets(), places), results)


@pytest.mark.parametrize("interpreter", [OURS, BESIDE], ids=["in Ansible's process", "as a module"])
def test_nothing_is_written_anywhere(play: Play, cluster: Cluster, admin: dict[str, Any], api_server: Any, way: Way, interpreter: str) -> None:
    """With pipelining, arguments come to a module by a pipe: then there is no file either, not even for a moment."""
    story = Story(cluster, admin, api_server, way, "leaks" if interpreter == OURS else "leaks-beside")
    told = run(play, story, PIPELINING, story.steps())
    assert told.leaks == []
    assert told.results["another value"]["diff"][0]["after"]["data"]["tls.key"] == "(hidden, another value)"


GIVEN = {
    "the CA": "",
    "the links": "",
    "a root that is given": "the given root",
    "a kubeconfig with a token": "our token",
}


BY_MODULE = {**GIVEN, "a Secret": "the Secret applied"}


@pytest.mark.parametrize(("kept", "interpreter", "given"), [
    pytest.param(False, BESIDE, BY_MODULE, id="for a moment"),
    pytest.param(True, BESIDE, BY_MODULE, id="kept"),
    pytest.param(True, OURS, dict.fromkeys(BY_MODULE, ""), id="not where no module is needed"),
])  # fmt: skip
def test_the_files_of_ansible_hold_what_a_task_was_given_and_nothing_else(
    play: Play, cluster: Cluster, admin: dict[str, Any], api_server: Any, way: Way, kept: bool, interpreter: str, given: dict[str, str]
) -> None:
    """Without pipelining Ansible itself writes a module's arguments to a file, and keeps it if it is told to."""
    story = Story(cluster, admin, api_server, way, f"leaks-{'kept' if kept else 'files'}-{len(given['a Secret'])}")
    told = run(play, story, {"ANSIBLE_KEEP_REMOTE_FILES": "true"} if kept else {}, {name: story.steps()[name] for name in given})
    found = [leak.partition(" in ")[::2] for leak in told.leaks]
    assert all("/scratch/" in place for _secret, place in found), told.leaks
    assert {secret for secret, _place in found} == set(filter(None, given.values()))
    left = [place for _secret, place in found if not place.startswith("while it ran: ")]
    assert bool(left) == (kept and any(given.values())), told.leaks
