# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which webhooks forbid that the namespace of a control plane goes."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.wish import ControlPlane
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio.install.staying import staying

WISH = ControlPlane("east", "shop", revision="stable", tags=("default",), namespace="istio-system", planes=("in-blue",))
KIND = "MutatingWebhookConfiguration"


def hook(name: str, space: str = "istio-system", release: str = "", **labels: str) -> dict[str, Any]:
    told = {"istio-rev": "istio.io/rev", "tag": "istio.io/tag"}
    meta = {"name": name, "labels": {told[key.replace("_", "-")]: value for key, value in labels.items()}}
    notes = {"meta.helm.sh/release-name": release, "meta.helm.sh/release-namespace": space} if release else {}
    return {"metadata": {**meta, "annotations": notes}, "webhooks": [{"name": "any", "clientConfig": {"service": {"namespace": space, "name": "istiod"}}}]}


def refusal(*hooks: dict[str, Any], wish: ControlPlane = WISH) -> str:
    return staying(wish).judge({KIND: hooks}, {}).refusal


@pytest.mark.parametrize("one", [
    hook("own", istio_rev="stable"),
    hook("plane", istio_rev="in-blue"),
    hook("tag", istio_rev="stable", tag="default"),
    hook("tag of the chart", istio_rev="stable", tag="prod", release="istiod-stable"),
    hook("another mesh", space="mesh-2", istio_rev="1-31-2"),
    {"metadata": {"name": "of nobody", "labels": {"istio.io/rev": "1-31-2"}}, "webhooks": []},
    {"metadata": {"name": "outside", "labels": {"istio.io/rev": "1-31-2"}}, "webhooks": [{"clientConfig": {"url": "https://istiod.example"}}]},
], ids=lambda one: str(one["metadata"]["name"]))  # fmt: skip
def test_what_goes_with_the_teardown_or_leads_elsewhere_forbids_nothing(one: dict[str, Any]) -> None:
    assert refusal(one) == ""


def test_another_revision_and_another_tag_are_named() -> None:
    """Of a cutover that has not come to its end, or after one while the inventory still names the former revision."""
    left = hook("istio-sidecar-injector-1-31-2", istio_rev="1-31-2", release="istiod-1-31-2"), hook("istio-revision-tag-prod", istio_rev="stable", tag="prod")
    assert refusal(*left, hook("own", istio_rev="stable")) == (
        "MutatingWebhookConfiguration istio-revision-tag-prod, istio-sidecar-injector-1-31-2 would lead to nobody when the namespace istio-system is gone, "
        "and every pod that a webhook matches would be refused. Retire the other revision with meshops.lifecycle.cutover, name its tag in "
        "mesh_revision_tags, or delete the webhook. Then run again."
    )


def test_the_revision_default_has_no_name_of_its_own() -> None:
    wish = ControlPlane("east", "shop", revision="default", namespace="istio-system")
    assert refusal(hook("istio-sidecar-injector"), hook("of its chart", tag="x", release="istiod"), wish=wish) == ""
    assert "istio-sidecar-injector-stable would lead" in refusal(hook("istio-sidecar-injector-stable", istio_rev="stable"), wish=wish)
