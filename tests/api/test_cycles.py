# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every module on a real API server: those that write go through the twelve steps, the others are shown to write nothing."""

from __future__ import annotations

import base64
import itertools
import random
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Cluster
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.connect import connect
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust import root_secret
from ansible_collections.meshops.lifecycle.plugins.module_utils._pki import issue
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.links import remote_secret
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.trust import trust
from ansible_collections.meshops.lifecycle.tests.unit.support.authorities import issuer
from ansible_collections.meshops.lifecycle.tests.unit.support.contract import as_somebody_else, config_map, crd, namespace, secret, widget
from ansible_collections.meshops.lifecycle.tests.unit.support.helm_records import record
from ansible_collections.meshops.lifecycle.tests.unit.support.stored import difference, stored

from .conftest import Play, Step
from .cycle import Leg, Result, Tell, go, told
from .journal import Journal, dry, said, writes

MODULES = Path(__file__).resolve().parents[2] / "plugins" / "modules"
READER_TOKEN = random.randbytes(48).hex().encode()
_NUMBERS = itertools.count(1)


@pytest.fixture
def cluster(api_server: Any) -> Cluster:
    """The server's own administrator, whom the audit log distinguishes from the user of the modules."""
    return connect({"kubeconfig": str(api_server.kubeconfig), "context": api_server.context, "cluster": "test"}, environ={})


@pytest.fixture
def place(cluster: Cluster) -> str:
    name = f"cycle-{next(_NUMBERS)}"
    cluster.apply([namespace(name)])
    return name


def mesh_config(cluster: Cluster, admin: dict[str, Any], place: str) -> list[Leg]:
    group = f"{place}.example.com"

    def manifests(size: int, word: str) -> dict[str, Any]:
        return {"manifests": [crd(group), config_map(place, a=word), secret(place, token=word), widget(group, place, size)]}

    names = [f"CustomResourceDefinition widgets.{group}", f"ConfigMap {place}/settings", f"Secret {place}/key", f"Widget {place}/one"]
    shows = dict(zip(names[1:], ({"data.a"}, {"data.token"}, {"spec.size"}), strict=True))
    return [
        Leg("create", manifests(1, "one"), dict.fromkeys(names, "created")),
        Leg("modify", manifests(2, "two"), dict.fromkeys(names[1:], "updated"), shows),
        Leg("delete", {**manifests(2, "two"), "state": "absent"}, dict.fromkeys(names, "deleted")),
    ]


def links(cluster: Cluster, admin: dict[str, Any], place: str) -> list[Leg]:
    """The objects that `links` makes in the source, such as the token of its reader account, stay when the link goes, because others may use them."""
    cluster.apply(trust.manifests(issuer(), place))
    token, link = f"Secret {place}/{remote_secret.account(place)['metadata']['name']}", f"Secret {place}/istio-remote-secret-west"
    # Pods of east would not reach the address by which we reach this API server.
    west = {"name": "west", "kube": {key: admin[key] for key in ("kubeconfig", "context")}, "server": "https://api.west.example:6443"}
    return [
        Leg("create", {"namespace": place, "links": [west]}, {token: "created", link: "created"}),
        Leg("modify", {"namespace": place, "links": [{**west, "server": "https://west.example:6443"}]}, {link: "updated"}, {link: {"data.west"}}),
        Leg("delete", {"namespace": place, "links": []}, {link: "deleted"}),
    ]


def ca(cluster: Cluster, admin: dict[str, Any], place: str) -> list[Leg]:
    """`ca` keeps a valid CA whatever the options say, replaces only an expired one, and never removes one."""
    system, kept = f"{place}-system", f"{place}-root"
    root = {"kube": {**admin, "cluster": "trust"}, "namespace": kept}
    options = {"mesh": place, "trust_domain": "shop.example", "namespace": system, "network": "onprem", "root": root}
    made = {f"Namespace {kept}": "created", f"Secret {kept}/meshops-root-ca": "created"}
    cacerts = f"Secret {system}/cacerts"
    stranger = issue.new_root("stranger", "elsewhere", "P-256", datetime.now(UTC), 30)
    given = {"source": "inline", "certificate": stranger.certificate.decode(), "private_key": stranger.key.decode()}
    shows = {cacerts: {"data.ca-cert.pem", "data.ca-key.pem", "data.cert-chain.pem"}}

    def expire() -> None:
        material = root_secret.read(cluster.get(Ref("v1", "Secret", "meshops-root-ca", kept)) or {})
        names, begun = trust.needs(system, "shop.example").sans, datetime.now(UTC) - timedelta(minutes=2)
        old = issue.new_intermediate(material, "Intermediate CA east", "shop.example", names, "P-256", begun, 0)
        cluster.apply(trust.manifests(old, system, place), force=True)

    return [
        Leg("create", options, {**made, f"Namespace {system}": "created", cacerts: "created"}),
        Leg("other options", {**options, "key_type": "RSA-2048", "intermediate_days": 90}),
        Leg("another root instead of a deletion", {**options, "root": given}, refused="stranger"),
        Leg("modify", options, {cacerts: "updated"}, shows, first=expire),
    ]


def releases(cluster: Cluster, admin: dict[str, Any], place: str) -> list[Leg]:
    """Helm makes the releases, and this module only changes records of killed operations, so there is no create."""
    wish = {"name": "istiod", "namespace": place, "chart": "istiod", "values": {"a": 1}}
    options = {"releases": [wish], "pending_grace": 0}
    name = f"Secret {place}/sh.helm.release.v1.istiod.v1"

    def helm(status: str) -> None:
        as_somebody_else(cluster, record("istiod", 1, status, namespace=place))

    return [
        Leg("nothing to settle", options),
        Leg("modify", {**options, "state": "absent"}, {name: "updated"}, first=lambda: helm("uninstalling")),
        Leg("a failed release is not settled", options),
        Leg("delete", options, {name: "deleted"}, first=lambda: helm("pending-install")),
    ]


def settled(options: Mapping[str, Any], result: Result) -> dict[str, str]:
    """`releases` only names the records. The wished state says what it did to them."""
    action = "updated" if options.get("state") == "absent" else "deleted"
    return {f"Secret {options['releases'][0]['namespace']}/{name}": action for name in result.get("settled", [])}


WRITERS: dict[str, tuple[Callable[[Cluster, dict[str, Any], str], list[Leg]], Tell]] = {
    "ca": (ca, told),
    "links": (links, told),
    "mesh_config": (mesh_config, told),
    "releases": (releases, settled),
}
READERS = (
    "ca_info", "certificates_info", "cluster_info", "controller_info", "cutover_compare", "cutover_gate", "cutover_info", "cutover_trial", "lint_mesh",
    "mesh_info", "probe", "rotation_info", "show",
)  # fmt: skip
REHEARSING = ("cutover_compare", "cutover_trial", "lint_mesh")  # they ask what the server would make of an object, and it stores none
# What has more to it than a creation, a change and a deletion is taken through its steps in a file of its own.
ELSEWHERE = {
    "helm_release": "test_as_awx.py",
    "gateway_certificates": "test_link_rotation.py",
    "cutover": "test_cutover.py",
    "cutover_plane": "test_planes.py",
    "lease": "test_lease.py",
    "link_rotation": "test_link_rotation.py",
    "operators": "test_operators.py",
    "snapshot": "test_backup.py",
    "snapshot_info": "test_backup.py",
    "rotation": "rotation/test_steps.py",
    "rotation_target": "rotation/test_steps.py",
    "stage_orders": "test_stage_orders.py",
    "stepped_rotation": "rotation/test_stepped.py",
    "workloads": "test_workloads.py",
}


def test_no_module_is_left_out() -> None:
    assert {path.stem for path in MODULES.glob("*.py")} == {*WRITERS, *READERS, *ELSEWHERE}
    assert [name for name in ELSEWHERE.values() if not (Path(__file__).parent / name).is_file()] == []


@contextmanager
def tokens(cluster: Cluster, place: str) -> Iterator[None]:
    """Fills in the tokens that are asked for, as a cluster's controller manager does."""
    over = threading.Event()

    def fill() -> None:
        while not over.wait(0.05):
            for asked in cluster.list("v1", "Secret", place, fields="type=kubernetes.io/service-account-token"):
                if not asked.get("data"):
                    data = {key: base64.b64encode(value).decode() for key, value in (("token", READER_TOKEN), ("ca.crt", b"a certificate"))}
                    cluster.apply([{key: asked[key] for key in ("apiVersion", "kind", "type")} | {"data": data, "metadata": {
                        "name": asked["metadata"]["name"], "namespace": place, "annotations": asked["metadata"]["annotations"]}}], force=True)  # fmt: skip

    thread = threading.Thread(target=fill)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@pytest.mark.parametrize("module", WRITERS)
def test_twelve_steps(play: Play, api_server: Any, cluster: Cluster, admin: dict[str, Any], place: str, module: str) -> None:
    legs, tell = WRITERS[module]
    with tokens(cluster, place):
        results = go(play, api_server, cluster, module, legs(cluster, admin, place), tell)
    if module == "releases":
        due = [[release["reason"] for release in result["due"]] for result in results]
        assert [due[at] == due[at + 1] for at in range(0, len(due), 2)] == [True] * (len(due) // 2), "check mode tells other releases"


def _pod(place: str, labels: dict[str, str]) -> dict[str, Any]:
    """A pod that does not run. It exists so that the module asks it."""
    spec = {"nodeName": "nowhere", "containers": [{"name": "main", "image": "nothing"}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "one", "namespace": place, "labels": labels}, "spec": spec}


def _manifest(folder: Path, place: str) -> Path:
    """A file with objects that a server takes, but for one that it refuses."""
    given, refused = [config_map(place, a="1"), secret(place, token="one")], config_map(place, "no_name")
    (folder / "given.yaml").write_text(yaml.safe_dump_all([*given, refused]))
    return folder / "given.yaml"


@pytest.mark.parametrize("check", [False, True])
@pytest.mark.parametrize("module", READERS)
def test_a_module_that_reads_writes_nothing(
    play: Play, api_server: Any, cluster: Cluster, admin: dict[str, Any], place: str, tmp_path: Path, module: str, check: bool
) -> None:
    cluster.apply([_pod(place, {"app": "istiod"}), *trust.manifests(issuer(), place)])
    api_server.api.patch(f"/api/v1/namespaces/{place}/pods/one/status", {"status": {"phase": "Running"}})
    options: dict[str, dict[str, Any]] = {
        "ca_info": {"mesh": place, "namespace": place, "root": {"kube": admin, "namespace": place}},
        "certificates_info": {"namespace": place},
        "rotation_info": {"namespace": place},
        "cluster_info": {"permissions": [{"verb": "create", "resource": "secrets"}], "crds": ["networking.istio.io"], "supply": "istio", "namespace": place},
        "cutover_compare": {"namespace": place, "target": "green", "former": "blue"},
        "cutover_gate": {"namespace": place, "target": "green", "former": "blue"},
        "cutover_info": {"namespace": place},
        "cutover_trial": {"namespace": place, "timeout": 1},  # others may have left webhooks that nobody answers
        "controller_info": {"charts": [{"chart": "/nowhere"}]},
        "lint_mesh": {"src": [str(_manifest(tmp_path, place))], "live": True, "groups": ["apps"]},
        "mesh_info": {"namespace": place, "expected": {"revision": "stable"}, "config": True, "notices": True, "followers": True},
        "probe": {"namespace": place, "targets": ["west"], "wait_timeout": 1},
        "show": {"lines": ["a line"], "summary": "a line in short"},
    }
    journal, seen = Journal(api_server), []
    journal.read()
    before = stored(cluster)
    (result,) = play(Step(module, options[module], check), lambda: seen.extend(journal.read())).results
    assert bool(result.get("failed")) == (module == "probe" and not check), result.get("msg")
    assert not result["changed"]
    assert difference(before, stored(cluster)) == {}
    assert seen or module in ("controller_info", "show") or (module == "probe" and check), "the audit log knows nothing of it"
    assert [said(event) for event in writes(seen) if not (dry(event) and module in REHEARSING)] == []


def test_the_journal_tells_writes_from_dry_runs(play: Play, api_server: Any, cluster: Cluster, place: str) -> None:
    """All tests above rely on this."""
    journal, seen = Journal(api_server), []
    wish = {"manifests": [config_map(place, a="1")]}
    steps = [Step("mesh_config", {**wish, "state": state}, check) for state in ("present", "absent") for check in (True, False)]
    journal.read()
    play(*(one for step in steps for one in (step, lambda: seen.append([dry(event) for event in writes(journal.read())]))))
    assert seen == [[True], [False], [True], [False]]
