# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One pod for each kind of namespace and template, and what its answer shows."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.observed import ENABLED, NAMED, TAG, Following
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.scene import Scene
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.trial import Trial
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.cutover.trial_pods import judged, trials
from ansible_collections.meshops.lifecycle.tests.unit.support.istio_cutover import ENABLE, INJECT, REV, World, deployment, space


def test_one_pod_stands_for_all_that_the_webhooks_do_not_tell_apart() -> None:
    there = World.of(
        [space("a", **{REV: "prod"}), space("b", **{REV: "prod", "team": "x"}), space("c", **{ENABLE: "enabled"}), space("off")],
        [
            *(deployment(name, "s") for name in ("a", "b", "c", "off")),
            deployment("b", "asked", {INJECT: "true"}),
            deployment("b", "declined", {INJECT: "false"}),
        ],
        {"prod": "blue", "default": "blue"},
    )
    made = trials(Scene(there.state(), there.live))
    assert [(one.namespace, one.pod["metadata"]["labels"], one.expected, one.stands_for) for one in made] == [
        ("a", {"app": "s"}, Following(TAG, "prod", "blue"), 2),
        ("c", {"app": "s"}, Following(ENABLED, "default", "blue"), 1),
        ("b", {"app": "asked", INJECT: "true"}, Following(TAG, "prod", "blue"), 1),
    ]


def test_a_pod_is_that_of_its_workload_which_passes_the_same_policies() -> None:
    own = {"serviceAccountName": "shop", "containers": [{"name": "shop", "image": "shop:1", "securityContext": {"runAsNonRoot": True}}]}
    there = World.of([space("a", **{REV: "green"})], [deployment("a", "s", spec=own, annotations={"traffic.sidecar.istio.io/excludeOutboundPorts": "9"})], {})
    pod = trials(Scene(there.state(), there.live))[0].pod
    assert pod["spec"] == own
    assert pod["metadata"]["annotations"] == {"traffic.sidecar.istio.io/excludeOutboundPorts": "9"}
    assert "name" not in pod["metadata"]


def test_a_pod_of_a_stateful_set_has_the_volumes_that_it_mounts() -> None:
    mounting = {"containers": [{"name": "db", "volumeMounts": [{"name": "data", "mountPath": "/d"}, {"name": "own", "mountPath": "/o"}]}]}
    there = World.of([space("a", **{REV: "green"})], [deployment("a", "db", spec={**mounting, "volumes": [{"name": "own", "emptyDir": {}}]})], {})
    (made,) = there.live["Deployment"]
    made["spec"]["volumeClaimTemplates"] = [{"metadata": {"name": "data"}, "spec": {}}]
    pod = trials(Scene(there.state(), {**there.live, "Deployment": [], "StatefulSet": [made]}))[0].pod
    assert pod["spec"] == {**mounting, "volumes": [{"name": "own", "emptyDir": {}}, {"name": "data", "emptyDir": {}}]}


def test_what_the_target_will_make_is_tried_in_a_namespace_that_names_it() -> None:
    there = World.of([space("a", **{REV: "blue"})], [deployment("a", "s")], {})
    made = trials(Scene(there.state(), there.live), "green", "try")
    assert [(one.namespace, one.pod["metadata"]["labels"], one.expected) for one in made] == [("try", {}, Following(NAMED, "green", "green"))]


def answer(proxies: int, revision: str) -> dict[str, Any]:
    return {"metadata": {"annotations": {REV: revision}}, "spec": {"initContainers": [{"name": "istio-proxy"}] * proxies, "containers": [{"name": "trial"}]}}


@pytest.mark.parametrize(
    ("came", "said"),
    [
        (answer(1, "green"), ""),
        (answer(0, ""), "a trial pod in namespace shop came back without a proxy, and green was expected to inject one; look at its webhook and at its log"),
        (answer(2, "green"), "a trial pod in namespace shop came back with 2 proxies; several webhooks inject there, so remove all but one"),
        (answer(1, "blue"), ("a trial pod in namespace shop came back with a proxy of blue, not of green; "
         "another webhook also injects there, so mend its selectors or the labels")),
        (None, "a trial pod in namespace shop was refused: no endpoints available for service istiod-green; see whether green runs and answers"),
    ],
)
def test_what_came_back_is_judged(came: dict[str, Any] | None, said: str) -> None:
    assert judged(Trial("shop", {}, Following(NAMED, "green", "green")), came, "no endpoints available for service istiod-green.") == said


def test_what_a_quota_refuses_says_nothing_of_who_injects() -> None:
    refusal = 'pods "meshops-cutover-trial-x" is forbidden: exceeded quota: compute'
    assert judged(Trial("shop", {}, Following(NAMED, "green", "green")), None, refusal) == ""
