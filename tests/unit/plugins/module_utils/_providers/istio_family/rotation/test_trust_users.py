# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The control planes, bundles and proxies that use istiod's CA, from live objects, and the certificates that Envoy reports."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects import pod_owner
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.rotation.trust_users import ProxyCertificates
from ansible_collections.meshops.lifecycle.plugins.module_utils._pki.chain import Reader
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family import proxy
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.rotation import permissions, trust_users
from ansible_collections.meshops.lifecycle.tests.unit.support import istio_live
from ansible_collections.meshops.lifecycle.tests.unit.support.authorities import EAST, ROOT
from ansible_collections.meshops.lifecycle.tests.unit.support.istio_holding import bundle, config_map, dump, istiod, mesh_config, proxied, space

PLAIN = {"metadata": {"name": "db-0", "namespace": "shop"}, "spec": {"containers": [{"name": "db"}]}, "status": {}}


class TestProxies:
    @pytest.mark.parametrize(("pod", "found"), [
        pytest.param(proxied(), True, id="a sidecar"),
        pytest.param(proxied(native=True), True, id="a native sidecar"),
        pytest.param(proxied(deletionTimestamp="2026-08-27T12:00:00Z"), True, id="in deletion it still serves"),
        pytest.param(proxied(state="terminated"), False, id="it ended"),
        pytest.param(proxied(state="waiting"), False, id="it has not begun"),
        pytest.param({**proxied(), "status": {"phase": "Pending"}}, False, id="not on a node yet"),
        pytest.param(PLAIN, False, id="no proxy"),
    ])  # fmt: skip
    def test_who_is_asked(self, pod: dict[str, Any], found: bool) -> None:
        asked = trust_users.proxies({"Pod": [pod]}, "istio-system")
        assert bool(asked) == found
        if found:
            ((holder, question),) = asked
            assert (holder.where, holder.kind, holder.instance) == ("shop/server-5c9-abc", "proxy", "uid-server-5c9-abc/containerd://1")
            assert (question.namespace, question.pod, question.port) == ("shop", "server-5c9-abc", 15000)

    def test_a_native_sidecar_of_a_pod_that_still_initialises(self) -> None:
        pod = proxied(native=True)
        pod["status"]["phase"] = "Pending"
        assert trust_users.proxies({"Pod": [pod]}, "istio-system")

    def test_another_admin_port(self) -> None:
        pod = proxied()
        pod["spec"]["containers"][1]["env"].append({"name": "PROXY_CONFIG", "value": '{"proxyAdminPort": 15999}'})
        ((_holder, question),) = trust_users.proxies({"Pod": [pod]}, "istio-system")
        assert question.port == 15999

    @pytest.mark.parametrize(("environment", "online"), [
        ([], False),
        ([{"name": "PROXY_CONFIG_XDS_AGENT", "value": "true"}], True),
        ([{"name": "PROXY_CONFIG_XDS_AGENT", "value": "false"}], False),
        ([{"name": "PROXY_CONFIG", "value": '{"proxyMetadata": {"PROXY_CONFIG_XDS_AGENT": "true"}}'}], True),
        ([{"name": "PROXY_CONFIG", "value": "{}\n"}], False),
        ([{"name": "PROXY_CONFIG", "value": "no JSON"}], False),
    ])  # fmt: skip
    def test_who_takes_bundles_online(self, environment: list[dict[str, Any]], online: bool) -> None:
        pod = proxied(online=False)
        pod["spec"]["containers"][1]["env"] = environment
        assert proxy.online(pod) == online

    @pytest.mark.parametrize(("owner", "labels", "workload"), [
        (("ReplicaSet", "server-5c9"), {"pod-template-hash": "5c9"}, "Deployment/server"),
        (("ReplicaSet", "server-77f"), {"rollouts-pod-template-hash": "77f"}, "Rollout/server"),
        (("ReplicaSet", "by-hand"), {}, "ReplicaSet/by-hand"),
        (("StatefulSet", "db"), {}, "StatefulSet/db"),
        (("DaemonSet", "agent"), {}, "DaemonSet/agent"),
        (("Job", "import"), {}, ""),
        (("Node", "node-1"), {}, ""),
        (None, {}, ""),
    ])  # fmt: skip
    def test_what_makes_a_pod_anew(self, owner: tuple[str, str] | None, labels: dict[str, str], workload: str) -> None:
        assert pod_owner.workload(proxied(owner=owner, labels=labels)) == workload


class TestDumps:
    @pytest.mark.parametrize(("said", "held"), [
        pytest.param(dump(EAST.pem, ROOT.pem), ProxyCertificates(EAST.pem, ROOT.pem), id="both"),
        pytest.param(dump(None, ROOT.pem), ProxyCertificates(None, ROOT.pem), id="a bundle alone"),
        pytest.param(dump(None, None), ProxyCertificates(), id="nothing is in use"),
        pytest.param(b"{}", ProxyCertificates(), id="Envoy has no secrets"),
        pytest.param(b'{"configs": null}', ProxyCertificates(), id="null"),
        pytest.param(
            b'{"configs": [{"name": "ROOTCA", "secret": {"validation_context": {"trusted_ca": {"inline_string": "PEM"}}}}]}',
            ProxyCertificates(None, b"PEM"), id="as text",
        ),
    ])  # fmt: skip
    def test_what_a_proxy_holds(self, said: bytes, held: ProxyCertificates) -> None:
        assert trust_users.certificates(said) == held

    @pytest.mark.parametrize("said", [
        b"", b"[]", b"\xff", b'{"certificates": []}',
        b'{"configs": [{"name": "ROOTCA", "secret": {"validation_context": {"trusted_ca": {"filename": "/etc/x"}}}}]}',
        b'{"configs": [{"name": "ROOTCA", "secret": {"validation_context": {"trusted_ca": {"inline_bytes": "x"}}}}]}',
    ])  # fmt: skip
    def test_what_is_no_dump(self, said: bytes) -> None:
        with pytest.raises(ValueError, match=r"\w"):
            trust_users.certificates(said)


class TestBundles:
    def test_each_namespace_that_has_one_and_does_not_end(self) -> None:
        live = {
            "Namespace": [space("shop"), space("bare"), space("lacks"), *(space(name, deletionTimestamp="2026-08-27T12:00:00Z") for name in ("old", "going"))],
            "ConfigMap": [config_map("shop", bundle(ROOT)), config_map("old", b"stale"), config_map("empty", None), mesh_config("")],
        }
        told = {holder.namespace: (holder.fault, pem) for holder, pem in trust_users.bundles(live)}
        assert told == {"shop": ("", bundle(ROOT)), "empty": ("it has no root-cert.pem", b"")}
        assert trust_users.ending(live) == {"old", "going"}
        assert trust_users.ABSENT.fault == "it is not there, and proxies run in its namespace"

    @pytest.mark.parametrize("text", [
        "caCertificates:\n- pem: |\n    " + ROOT.pem.decode().replace("\n", "\n    "),
        'caCertificates: [{"pem": "' + ROOT.pem.decode().replace("\n", "\\n") + '"}]',
    ])  # fmt: skip
    def test_roots_of_the_mesh_configuration_in_each_notation(self, text: str) -> None:
        pem = trust_users.added({"ConfigMap": [mesh_config(text), config_map("shop", EAST.pem)]})
        assert [one.fingerprint for one in Reader().bundle(pem)] == [ROOT.fingerprint]


class TestControlPlanes:
    def test_each_running_one_is_greeted(self) -> None:
        waiting = istiod("istiod-2")
        waiting["status"]["containerStatuses"][0]["state"] = {"waiting": {}}
        ((holder, greeting),) = trust_users.control_planes({"Pod": [istiod(), waiting]})
        assert (holder.where, holder.workload, holder.online) == ("istio-system/istiod-stable-7d9f", "Deployment/istiod-stable", True)
        assert (greeting.port, greeting.server_name) == (15012, "istiod.istio-system.svc")

    @pytest.mark.parametrize(("environment", "online", "signs"), [
        ({}, False, True),
        ({"ISTIO_MULTIROOT_MESH": "true"}, True, True),
        ({"ENABLE_CA_SERVER": "false"}, False, False),
        ({"EXTERNAL_CA": "ISTIOD_RA_KUBERNETES_API"}, False, False),
        ({"EXTERNAL_CA": ""}, False, True),
    ])  # fmt: skip
    def test_what_a_revision_is_able_to(self, environment: dict[str, str], online: bool, signs: bool) -> None:
        deployment = istio_live.deployment()
        deployment["spec"]["template"]["spec"]["containers"][0]["env"] = [{"name": name, "value": value} for name, value in environment.items()]
        (plane,) = trust_users.planes({"Deployment": [deployment]})
        assert (plane.name, plane.revision, plane.version, plane.desired, plane.ready) == ("istiod-stable", "stable", "1.29.0", 1, 1)
        assert (plane.online, plane.signs) == (online, signs)


def test_the_permissions_are_whole() -> None:
    rights = permissions.seeing("mesh")
    assert {"verb": "get", "group": "", "resource": "secrets", "namespace": "mesh"} in rights
    assert {right["verb"] for right in rights} == {"get", "list", "create"}
    assert [right["resource"] for right in rights if right["verb"] == "create"] == ["pods/portforward"]
