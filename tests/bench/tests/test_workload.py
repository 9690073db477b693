# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections import Counter

import pytest
from meshbench import workload


def test_it_is_150_objects_of_12_kinds() -> None:
    manifests = workload.objects("a")
    assert len(manifests) == 150 and len({manifest["kind"] for manifest in manifests}) == 12


def test_no_object_is_there_twice_or_shared_between_contestants() -> None:
    def identity(manifest: workload.Manifest) -> tuple[str, ...]:
        return manifest["kind"], manifest["metadata"].get("namespace", ""), manifest["metadata"]["name"]

    seen = Counter(identity(manifest) for owner in ("a", "b") for manifest in workload.objects(owner))
    assert set(seen.values()) == {1}


def test_namespaces_come_before_what_lies_in_them() -> None:
    made: set[str] = set()
    for manifest in workload.objects("a"):
        if manifest["kind"] == "Namespace":
            made.add(manifest["metadata"]["name"])
        assert manifest["metadata"].get("namespace") in {None, *made}


def test_the_sample_is_first_of_each_in_order_and_holds_what_drifts() -> None:
    sample = workload.first_of_each(workload.objects("a"))
    assert [manifest["kind"] for manifest in sample] == list(workload.COUNTS)
    assert workload.DRIFTED in [manifest["metadata"]["name"] for manifest in sample]
    assert {manifest["metadata"].get("namespace", "a-0") for manifest in sample} == {"a-0"}


def test_a_larger_sample_keeps_the_order() -> None:
    manifests = [{"kind": kind, "number": number} for number in range(3) for kind in ("A", "B")]
    assert workload.first_of_each(manifests, 2) == manifests[:4]


def test_routing_is_100_objects_of_which_each_differs_between_variants() -> None:
    one, other = workload.routing("a", 1), workload.routing("a", 2)
    assert len(one) == 100 and all(first != second for first, second in zip(one, other, strict=True))
    assert [one["metadata"] for one in one] == [one["metadata"] for one in other]
    assert {manifest["metadata"]["namespace"] for manifest in one} <= {manifest["metadata"]["name"] for manifest in workload.namespaces("a")}


def test_a_sample_takes_only_the_crds_it_needs() -> None:
    crds = [{"spec": {"names": {"kind": kind}}} for kind in ("VirtualService", "Sidecar")]
    assert workload.needed(workload.first_of_each(workload.objects("a")), crds) == crds[:1]


@pytest.mark.parametrize(("api", "kind", "path"), [
    ("v1", "ConfigMap", "/api/v1/configmaps"),
    ("apps/v1", "Deployment", "/apis/apps/v1/deployments"),
    ("security.istio.io/v1", "AuthorizationPolicy", "/apis/security.istio.io/v1/authorizationpolicies"),
    ("networking.istio.io/v1", "ServiceEntry", "/apis/networking.istio.io/v1/serviceentries"),
])
def test_collections(api: str, kind: str, path: str) -> None:
    assert workload.collection(api, kind) == path
