# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who injects a pod: the whole matrix, by the selectors of the webhooks as the charts make them."""

from __future__ import annotations

from collections.abc import Collection

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.observed import ENABLED, NAMED, NOTHING, POD, TAG, Following
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.cutover import pointers
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.cutover.injection import Template, following, hooks
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.install.tags import LED_FROM
from ansible_collections.meshops.lifecycle.tests.unit.support.istio_cutover import ENABLE, INJECT, REV, injector, tag

# Two revisions; the tag prod leads to green, the default rule to blue.
CONFIGURATIONS = [injector("blue"), injector("green"), tag("prod", "green")[1], tag("default", "blue")[1]]
SERVING = frozenset({"blue", "green"})


def judged(space: dict[str, str], pod: dict[str, str], serving: Collection[str] = SERVING, host: bool = False, **annotations: str) -> Following:
    return following("shop", space, Template(pod, annotations, host), hooks(CONFIGURATIONS), serving)


@pytest.mark.parametrize(
    ("space", "pod", "expected"),
    [
        ({ENABLE: "enabled"}, {}, Following(ENABLED, "default", "blue")),
        ({ENABLE: "enabled", REV: "prod"}, {}, Following(ENABLED, "default", "blue")),
        ({ENABLE: "enabled"}, {REV: "green"}, Following(ENABLED, "default", "blue")),
        ({ENABLE: "disabled"}, {REV: "green"}, Following()),
        ({ENABLE: "disabled", REV: "prod"}, {}, Following()),
        ({REV: "prod"}, {}, Following(TAG, "prod", "green")),
        ({REV: "blue"}, {}, Following(NAMED, "blue", "blue")),
        ({REV: "prod"}, {REV: "blue"}, Following(TAG, "prod", "green")),
        ({REV: "default"}, {}, Following(TAG, "default", "blue")),
        ({REV: "nosuch"}, {}, Following(NAMED, "nosuch")),
        ({}, {}, Following()),
        ({}, {REV: "green"}, Following(NAMED, "green", "green")),
        ({}, {REV: "prod"}, Following(POD, "prod", "green")),
        ({}, {INJECT: "true"}, Following(POD, "default", "blue")),
        ({}, {INJECT: "true", REV: "green"}, Following(NAMED, "green", "green")),
        ({REV: "prod"}, {INJECT: "false"}, Following()),
        ({REV: "prod"}, {INJECT: "true"}, Following(TAG, "prod", "green")),
    ],
)
def test_the_matrix(space: dict[str, str], pod: dict[str, str], expected: Following) -> None:
    assert judged(space, pod) == expected


def test_a_name_that_nobody_has_makes_a_plain_pod_without_an_error() -> None:
    assert judged({REV: "nosuch"}, {}).plain
    assert judged({}, {REV: "nosuch"}).plain
    assert not judged({}, {}).plain


def test_istiod_itself_declines() -> None:
    assert judged({REV: "prod"}, {}, host=True).rule == NOTHING
    assert following("shop", {REV: "prod"}, Template({}, {INJECT: "false"}), hooks(CONFIGURATIONS), SERVING).rule == NOTHING
    assert following("shop", {REV: "prod"}, Template({INJECT: "true"}, {INJECT: "false"}), hooks(CONFIGURATIONS), SERVING).revision == "green"
    assert following("kube-system", {REV: "prod"}, Template({}, {}), hooks(CONFIGURATIONS), SERVING).rule == NOTHING


def test_a_control_plane_that_is_away_refuses_pods_and_lets_none_through() -> None:
    away = judged({REV: "prod"}, {}, {"blue"})
    assert away.blocked and not away.plain


def test_a_webhook_that_may_be_ignored_lets_them_through() -> None:
    known = hooks([injector("green", ignored=True)])
    assert following("shop", {REV: "green"}, Template({}, {}), known, set()).plain


def test_the_default_rule_has_no_gap_while_it_changes_its_webhooks() -> None:
    """The tag comes first and then the old webhooks go; while both are there the one that is asked last wins. The other order starts plain pods."""
    old, new = injector("default"), tag("default", "green")[1]
    space, serving = {ENABLE: "enabled"}, {"default", "green"}
    revisions = [following("shop", space, Template({}, {}), hooks(there), serving).revision for there in ([old], [old, new], [pointers.narrow(old), new])]
    assert revisions == ["default", "default", "green"]
    assert following("shop", space, Template({}, {}), hooks([pointers.narrow(old)]), serving).plain


def test_both_halves_of_a_tag_lead_to_the_target() -> None:
    service, webhook = tag("prod", "blue")
    assert pointers.service(service, "green", "blue") == pointers.noted(tag("prod", "green")[0], "blue")
    assert pointers.webhook(webhook, "green", "blue") == pointers.noted(tag("prod", "green")[1], "blue")
    assert pointers.service(service, "default", "blue")["spec"]["selector"] == {"app": "istiod", "istio": "pilot"}


def test_each_half_of_a_tag_notes_from_where_it_was_led() -> None:
    for half, led in zip(tag("prod", "blue"), (pointers.service, pointers.webhook), strict=True):
        half["metadata"]["annotations"] = {"own": "note"}
        assert led(half, "green", "blue")["metadata"]["annotations"] == {"own": "note", LED_FROM: "blue"}
        assert half["metadata"]["annotations"] == {"own": "note"}


def test_a_foreign_tag_keeps_what_only_its_maker_knows() -> None:
    _service, webhook = tag("prod", "blue")
    webhook["webhooks"][0]["clientConfig"] |= {"caBundle": "e30="}
    webhook["webhooks"][0]["namespaceSelector"]["matchExpressions"].append({"key": "team", "operator": "Exists"})
    moved = pointers.webhook(webhook, "green", "blue")
    assert moved["webhooks"][0]["clientConfig"]["caBundle"] == "e30="
    assert moved["webhooks"][0]["namespaceSelector"] == webhook["webhooks"][0]["namespaceSelector"]
    assert webhook["webhooks"][0]["clientConfig"]["service"]["name"] == "istiod-blue"
