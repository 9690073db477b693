# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A cluster's CA compared with what everything in the cluster holds, on a cluster in memory."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.http.answer import Answer
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import MeshError
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.certificate import Material
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers import PROVIDERS
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.rotation.rules import MARK
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.trust import trust
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.clock import SystemClock
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.rotation.watch import Watch
from ansible_collections.meshops.lifecycle.plugins.modules import rotation_info
from ansible_collections.meshops.lifecycle.tests.unit.support import istio_live
from ansible_collections.meshops.lifecycle.tests.unit.support.authorities import EAST, OTHER_ROOT, ROOT, issuer, key, make
from ansible_collections.meshops.lifecycle.tests.unit.support.fake_cluster import FakeCluster
from ansible_collections.meshops.lifecycle.tests.unit.support.istio_holding import (
    DUMP,
    bundle,
    chain,
    config_map,
    dump,
    istiod,
    leaf,
    mesh_config,
    proxied,
    space,
)

ISTIOD = ("istio-system", "istiod-stable-7d9f", 15012)
SERVER = ("shop", "server-5c9-abc", 15000, DUMP)
NEW_EAST = make("Intermediate CA east", OTHER_ROOT, key(number=4), path_length=0)
MARKED = make(MARK, own=key(number=5))
AGREES = dump(chain(), bundle(ROOT))


def cacerts(material: Material, name: str = "cacerts", **annotations: str) -> dict[str, Any]:
    (made,) = trust.manifests(material, istio_live.NAMESPACE, "shop")
    made["metadata"] |= {"name": name, "annotations": annotations}
    return made


def cluster(*objects: dict[str, Any], ca: Material | None = None, **how: Any) -> FakeCluster:
    """East with one istiod, one proxy and its namespace's bundle. They agree unless the test gives something else."""
    there = [istio_live.deployment(), istiod(), proxied(), config_map("shop", bundle(ROOT)), *objects]
    known = {(one["kind"], one["metadata"].get("namespace"), one["metadata"]["name"]): one for one in there}
    how = {"served": {ISTIOD: chain(leaf("istiod"))}, "answers": {SERVER: AGREES}, **how}
    return FakeCluster(cacerts(ca or issuer()), *known.values(), **how)


def info(seen: FakeCluster, limit: int = 50, mesh: str | None = "shop") -> dict[str, Any]:
    return rotation_info.reconcile(seen, {"provider": "istio", "namespace": istio_live.NAMESPACE, "limit": limit, "mesh": mesh})


def test_all_of_one_mind() -> None:
    told = info(cluster())
    assert told["laggards"] == []
    assert told["holders"] == {"control plane": 1, "proxy": 1, "trust bundle": 1}
    assert told["standing"] == {"cluster": "east", "signs_under": ROOT.fingerprint, "signer": EAST.fingerprint,
                                "trusts": [ROOT.fingerprint], "marks": [], "epoch": 0}  # fmt: skip
    assert (told["previous"], told["faults"], told["changed"]) == (None, [], False)
    assert told["leaf_expires"] == leaf().raw.not_valid_after_utc.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert told["bundle_pem"] == bundle(ROOT).decode()


def test_it_only_reads_and_no_key_leaves_it() -> None:
    seen = cluster(cacerts(issuer(NEW_EAST, under=(OTHER_ROOT,)), "cacerts-previous"))
    said = json.dumps(info(seen))
    assert seen.writes == []
    assert "PRIVATE" not in said
    assert base64.b64encode(EAST.key_pem).decode() not in said


def test_marks_epoch_and_the_former_ca() -> None:
    former = cacerts(issuer(), "cacerts-previous")
    material = issuer(NEW_EAST, under=(OTHER_ROOT, ROOT, MARKED))
    seen = cluster(former, cacerts(material, **{"meshops.lifecycle/epoch": "7"}), ca=material)
    told = info(seen)
    assert told["standing"]["trusts"] == sorted([ROOT.fingerprint, OTHER_ROOT.fingerprint])
    assert told["standing"]["marks"] == [MARKED.fingerprint]
    assert (told["standing"]["signs_under"], told["standing"]["epoch"]) == (OTHER_ROOT.fingerprint, 7)
    assert told["previous"]["signer"] == EAST.fingerprint
    assert [root["mark"] for root in told["roots"]] == [False, False, True]


GONE = MeshError("east: cannot forward a port.", status=404)


@pytest.mark.parametrize(("change", "laggard"), [
    pytest.param({"served": {ISTIOD: chain(leaf("istiod", NEW_EAST), NEW_EAST, OTHER_ROOT)}},
                 f"control plane istio-system/istiod-stable-7d9f has a certificate under root {OTHER_ROOT.fingerprint[:12]}", id="istiod lags"),
    pytest.param({"served": {ISTIOD: MeshError("east: it hangs up.")}},
                 "control plane istio-system/istiod-stable-7d9f could not be seen: east: it hangs up", id="istiod does not speak"),
    pytest.param({"answers": {SERVER: dump(chain(), bundle(ROOT, OTHER_ROOT))}},
                 f"proxy shop/server-5c9-abc trusts {', '.join(sorted([ROOT.fingerprint[:12], OTHER_ROOT.fingerprint[:12]]))} and", id="more trust"),
    pytest.param({"answers": {SERVER: dump(chain(leaf(by=NEW_EAST), NEW_EAST, OTHER_ROOT), bundle(ROOT))}},
                 "proxy shop/server-5c9-abc has a certificate under root", id="a leaf of another root"),
    pytest.param({"answers": {SERVER: dump(leaf(by=NEW_EAST).pem, bundle(ROOT))}},
                 "proxy shop/server-5c9-abc has a certificate that leads to no root known here", id="a leaf of a stranger"),
    pytest.param({"answers": {SERVER: dump(b"x", bundle(ROOT))}}, "could not be seen: its certificate cannot be read", id="no leaf"),
    pytest.param({"answers": {SERVER: dump(chain(), b"x")}}, "could not be seen: its trust bundle holds no certificate that can be read", id="no bundle"),
    pytest.param({"answers": {SERVER: Answer(503, b"")}}, "could not be seen: its answer cannot be read: HTTP 503", id="an error"),
    pytest.param({"answers": {SERVER: b"<html>"}}, "could not be seen: its answer cannot be read", id="no JSON"),
    pytest.param({"answers": {}}, "could not be seen: east: Pod shop/server-5c9-abc is silent", id="silence"),
    pytest.param({"answers": {SERVER: GONE}}, "could not be seen", id="it says it is gone and is not"),
])  # fmt: skip
def test_who_lags_is_named(change: dict[str, Any], laggard: str) -> None:
    told = info(cluster(**change))
    assert told["laggard_count"] == 1
    assert laggard in told["laggards"][0]


@pytest.mark.parametrize(("found", "laggard"), [
    pytest.param(config_map("shop", bundle(OTHER_ROOT)), f"trust bundle shop/istio-ca-root-cert trusts {OTHER_ROOT.fingerprint[:12]} and should", id="stale"),
    pytest.param(config_map("shop", None), "shop/istio-ca-root-cert could not be seen: it has no root-cert.pem", id="without its key"),
    pytest.param(config_map("shop", b"garbage"), "holds no certificate that can be read", id="garbage"),
])  # fmt: skip
def test_a_bundle_that_lags(found: dict[str, Any], laggard: str) -> None:
    told = info(cluster(found))
    assert told["laggard_count"] == 1
    assert laggard in told["laggards"][0]


def test_proxies_need_a_bundle_in_their_namespace() -> None:
    other = proxied("client-1", "web")
    told = info(cluster(other, answers={SERVER: AGREES, ("web", "client-1", 15000, DUMP): AGREES}))
    assert told["laggards"] == ["trust bundle web/istio-ca-root-cert could not be seen: it is not there, and proxies run in its namespace"]


def test_roots_of_the_mesh_configuration_are_no_lag() -> None:
    text = "caCertificates:\n- pem: |\n    " + OTHER_ROOT.pem.decode().replace("\n", "\n    ")
    answers = {SERVER: dump(chain(), bundle(ROOT, OTHER_ROOT))}
    assert info(cluster(mesh_config(text), answers=answers))["laggards"] == []


def test_a_proxy_that_uses_no_certificate_lags_behind_nothing() -> None:
    assert info(cluster(answers={SERVER: dump(None, None)}))["laggards"] == []


def test_a_pod_that_ended_since_it_was_listed_holds_nothing() -> None:
    class Ending(FakeCluster):
        def ask_all(self, questions: Any) -> Any:
            self.backend.objects.pop(("v1", "pods", "shop", "server-5c9-abc"), None)
            return [GONE for _question in questions]

    there = cluster()
    seen = Ending(answers={}, served=there.served)
    seen.backend = seen.transport.backend = there.backend
    told = info(seen)
    assert (told["laggards"], told["holders"]) == ([], {"control plane": 1, "trust bundle": 1})


def test_many_laggards_are_counted_and_some_named() -> None:
    pods = [proxied(f"p{number}") for number in range(5)]
    told = info(cluster(*pods), limit=2)
    assert (told["laggard_count"], len(told["laggards"]), len(told["lagging"])) == (5, 2, 2)


def test_what_needs_a_restart_is_named() -> None:
    told = info(cluster(proxied(online=False), istiod(online=False)))
    assert not told["online"]
    assert told["offline"] == ["istio-system/Deployment/istiod-stable", "shop/Deployment/server"]


def test_without_a_ca_there_are_facts_and_a_fault() -> None:
    told = info(FakeCluster(istiod(), served={ISTIOD: chain()}))
    assert (told["standing"], told["laggards"]) == (None, [])
    assert told["faults"] == ["east: there is no Secret istio-system/cacerts, so nobody gave the control plane a CA."]


@pytest.mark.parametrize(("mesh", "faults"), [
    ("shop", []), (None, []), ("other", ["east: its CA was made for the mesh shop, not for other."]),
])  # fmt: skip
def test_a_ca_that_was_made_for_another_mesh(mesh: str | None, faults: list[str]) -> None:
    assert info(cluster(), mesh=mesh)["faults"] == faults


class TestWatching:
    @pytest.fixture
    def seen(self) -> FakeCluster:
        late = proxied("late")
        return cluster(late, answers={SERVER: AGREES, ("shop", "late", 15000, DUMP): dump(chain(), bundle(OTHER_ROOT))})

    def proxies_asked(self, seen: FakeCluster, watch: Watch) -> list[str]:
        seen.asked.clear()
        watch.observe()
        return [one.partition(":")[0] for one in seen.asked if "15000" in one]

    @pytest.fixture
    def watch(self, seen: FakeCluster) -> Watch:
        watch = Watch(seen, PROVIDERS["istio"], istio_live.NAMESPACE, SystemClock())
        assert len(watch.observe().laggards()) == 1
        return watch

    def test_who_agreed_is_not_asked_again_and_still_there(self, seen: FakeCluster, watch: Watch) -> None:
        assert self.proxies_asked(seen, watch) == ["shop/late"]
        assert [one.name for one in watch.observe().users if one.kind == "proxy"] == ["server-5c9-abc", "late"]

    def test_who_caught_up_is_left_alone_too(self, seen: FakeCluster, watch: Watch) -> None:
        seen.answers[("shop", "late", 15000, DUMP)] = AGREES
        assert watch.observe().laggards() == []
        assert self.proxies_asked(seen, watch) == []

    def test_another_process_is_asked(self, seen: FakeCluster, watch: Watch) -> None:
        seen.backend.seed(proxied(started=2))
        assert set(self.proxies_asked(seen, watch)) == {"shop/server-5c9-abc", "shop/late"}

    def test_everyone_is_asked_when_the_ca_is_another(self, seen: FakeCluster, watch: Watch) -> None:
        seen.backend.seed(cacerts(issuer(under=(ROOT, OTHER_ROOT))))
        assert set(self.proxies_asked(seen, watch)) == {"shop/server-5c9-abc", "shop/late"}

    def test_who_holds_what_a_replaced_intermediate_signed_has_not_agreed(self, seen: FakeCluster) -> None:
        fresh = make("Intermediate CA east", ROOT, key(number=6))
        seen.served[ISTIOD] = chain(leaf("istiod", fresh), fresh, ROOT)
        watch = Watch(seen, PROVIDERS["istio"], istio_live.NAMESPACE, SystemClock(), [EAST.fingerprint])
        watch.observe()
        assert set(self.proxies_asked(seen, watch)) == {"shop/server-5c9-abc", "shop/late"}

    def test_everyone_is_asked_while_a_control_plane_lags(self, seen: FakeCluster, watch: Watch) -> None:
        seen.served[ISTIOD] = chain(leaf("istiod", NEW_EAST), NEW_EAST, OTHER_ROOT)
        for _time in range(2):
            assert set(self.proxies_asked(seen, watch)) == {"shop/server-5c9-abc", "shop/late"}


@pytest.mark.parametrize(("environment", "annotations", "said"), [
    pytest.param({}, {}, "", id="nobody else"),
    pytest.param({"ENABLE_CA_SERVER": "false"}, {}, "another CA", id="another CA"),
    pytest.param({}, {"cert-manager.io/certificate-name": "istio-ca"}, "cert-manager, for its Certificate istio-ca", id="a Certificate of cert-manager"),
])  # fmt: skip
def test_who_else_is_in_charge(environment: dict[str, str], annotations: dict[str, str], said: str) -> None:
    plane = istio_live.deployment()
    plane["spec"]["template"]["spec"]["containers"][0]["env"] = [{"name": name, "value": value} for name, value in environment.items()]
    told = info(cluster(plane, cacerts(issuer(), **annotations)))
    assert told["in_charge"] == said
    assert [one["instead"] for one in told["planes"]] == [said if environment else ""]


def test_whoever_owns_the_secret_is_in_charge() -> None:
    owned = cacerts(issuer())
    owned["metadata"]["ownerReferences"] = [{"apiVersion": "x/v1", "kind": "ExternalSecret", "name": "cacerts", "uid": "1", "controller": True}]
    told = info(cluster(owned))
    assert (told["in_charge"], told["warnings"]) == ("ExternalSecret cacerts", [])


def test_who_only_tracks_the_secret_is_warned_of() -> None:
    marked = cacerts(issuer())
    marked["metadata"]["labels"]["argocd.argoproj.io/instance"] = "mesh"
    told = info(cluster(marked))
    assert told["in_charge"] == ""
    assert told["warnings"][0].startswith("east: Secret istio-system/cacerts is tracked by Argo CD, for its Application mesh. Remove it there")


class TestWhomTheControlPlaneServes:
    SYNCZ, CLUSTERZ = ((istio_live.NAMESPACE, "istiod-stable-7d9f", 15014, f"/debug/{about}") for about in ("syncz", "clusterz"))

    def told(self, *entries: dict[str, str], **how: Any) -> dict[str, Any]:
        answers = {SERVER: AGREES, self.SYNCZ: json.dumps(entries).encode(), self.CLUSTERZ: b"[]"}
        return info(cluster(answers=answers, **how))

    def test_pods_are_seen_anyway(self) -> None:
        told = self.told({"proxy": "server-5c9-abc.shop", "cluster_id": "Kubernetes"})
        assert (told["unseen"], told["silent"], told["ids"]) == ([], [], ["Kubernetes", "east"])

    def test_a_machine_is_not(self) -> None:
        told = self.told({"proxy": "server-5c9-abc.shop"}, {"proxy": "vm-1.shop", "cluster_id": "Kubernetes"}, {"proxy": "web.shop", "cluster_id": "gke"})
        assert (told["unseen"], told["elsewhere"]) == (["shop/vm-1"], {"gke": ["shop/web"]})

    def test_one_that_does_not_tell_is_named(self) -> None:
        assert info(cluster())["silent"] == ["istio-system/istiod-stable-7d9f"]


def test_bundles_in_namespaces_that_the_mesh_leaves_out_are_not_measured() -> None:
    """istiod no longer writes these bundles, so they would never agree."""
    spaces = [space("shop", labels={"mesh": "shop"}), space("old")]
    config = mesh_config("discoverySelectors:\n- matchLabels:\n    mesh: shop\n")
    told = info(cluster(*spaces, config, config_map("old", bundle(OTHER_ROOT))))
    assert (told["laggards"], told["unselected"], told["stranded"]) == ([], ["old"], [])
    told = info(cluster(*spaces, config, config_map("old", bundle(OTHER_ROOT)), proxied("web-5c9-abc", "old")))
    assert (told["unselected"], told["stranded"]) == ([], ["old"])
    assert any("trust bundle old/istio-ca-root-cert trusts" in one for one in told["laggards"])
