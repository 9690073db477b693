# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether anything serves an object, and what is near if nothing does."""

from __future__ import annotations

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.lint.given import Document
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.lint.served import instead, unserved

KINDS = {
    ("sailoperator.io", "Istio"): ("v1",), ("networking.istio.io", "VirtualService"): ("v1", "v1beta1"), ("", "Pod"): ("v1",),
    ("a.example", "Gateway"): ("v1",),
}  # fmt: skip


def document(api_version: str, kind: str) -> Document:
    return Document({"apiVersion": api_version, "kind": kind, "metadata": {"name": "x"}}, "a.yaml", {(): 3, ("apiVersion",): 3, ("kind",): 4})


@pytest.mark.parametrize(("api_version", "kind", "rule", "line", "says"), [
    ("sailoperator.io/v1alpha1", "Istio", "version-not-served", 3, "the API server has Istio as sailoperator.io/v1"),
    ("networking.istio.io/v1", "VirtualServise", "missing-kind", 4, "the nearest is VirtualService"),
    ("networking.istio.oi/v1", "VirtualServices", "missing-kind", 4, "the nearest group is networking.istio.io"),
    ("networking.istio.io/v1", "Gateway", "missing-kind", 4, "Gateway is in a.example"),
    ("v2", "Pod", "version-not-served", 3, "is not served: the API server has Pod as v1"),
    ("other.example/v1", "Thing", "missing-kind", 4, "no CRD of this group is installed"),
])  # fmt: skip
def test_what_nothing_serves_is_named_with_what_is_near(api_version: str, kind: str, rule: str, line: int, says: str) -> None:
    finding = unserved(document(api_version, kind), KINDS, "the API server", whole=True)
    assert finding is not None
    assert (finding.rule, finding.line, finding.severity) == (rule, line, "error")
    assert says in finding.message


def test_what_is_served_is_fine() -> None:
    assert unserved(document("networking.istio.io/v1beta1", "VirtualService"), KINDS, "the API server", whole=True) is None


def test_crds_alone_say_nothing_of_kinds_that_every_server_has() -> None:
    assert unserved(document("apps/v1", "Deployment"), {}, "the CRDs given", whole=False) is None
    assert unserved(document("apps/v1", "Deploiment"), {("apps", "Deployment"): ("v1",)}, "the API server", whole=True) is not None
    other = unserved(document("other.example/v1", "Thing"), {}, "the CRDs given", whole=False)
    assert other is not None
    assert other.message.startswith("the CRDs given have no kind Thing")


def test_the_version_that_is_served_instead() -> None:
    assert instead(document("sailoperator.io/v1alpha1", "Istio"), KINDS) == "sailoperator.io/v1"
    assert instead(document("v2", "Pod"), KINDS) == "v1"
    assert instead(document("sailoperator.io/v1", "Istio"), KINDS) == instead(document("x.example/v1", "Istio"), KINDS) == ""
