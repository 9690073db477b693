# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Revision tags: stable names that lead to a revision. A tag is a webhook for injection and, since Istio 1.28, a Service for the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...._mesh.health.revision_tag import Tag
from ...._mesh.install.wish import ControlPlane
from ...._mesh.objects.shapes import Object
from ...._mesh.question import Read
from .names import injection_path, istiod

_SERVICES_SINCE = (1, 28)
REV = "istio.io/rev"
# A cutover notes from which revision it led an object, such as each half of a tag.
LED_FROM = "meshops.lifecycle/cutover-led-from"
_PORTS = (("grpc-xds", 15010, None), ("https-dns", 15012, None), ("https-webhook", 443, 15017), ("http-monitoring", 15014, None))


def manifests(wish: ControlPlane) -> list[dict[str, Any]]:
    """Return the tags' objects. Services come before webhooks, because a pod that a tag's webhook injects must reach the Service."""
    services = [_service(wish, name) for name in wish.tags] if has_services(wish.version) else []
    return [*services, *(_webhooks(wish, name) for name in wish.tags)]


def leftovers(wish: ControlPlane) -> list[dict[str, Any]]:
    """Return both halves of each tag, whatever version made them."""
    return [*(_service(wish, name) for name in wish.tags), *(_webhooks(wish, name) for name in wish.tags)]


def has_services(version: str) -> bool:
    """Return whether this version of Istio reads tags from Services. A text that is no version counts as new."""
    parts = version.lstrip("v").split(".")
    is_version = len(parts) > 1 and parts[0].isdigit() and parts[1].isdigit()
    return not is_version or (int(parts[0]), int(parts[1])) >= _SERVICES_SINCE


def _labels(wish: ControlPlane, name: str) -> dict[str, str]:
    return {"app.kubernetes.io/managed-by": "meshops.lifecycle", "istio.io/rev": wish.revision, "istio.io/tag": name}


def _service(wish: ControlPlane, name: str) -> dict[str, Any]:
    """Return the Service as Istio's own chart and `istioctl tag` make it."""
    own = {"istio": "pilot"} if wish.revision == "default" else {"istio.io/rev": wish.revision}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": _service_name(name),
            "namespace": wish.namespace,
            "labels": {"app": "istiod", "istio": "pilot", **_labels(wish, name)},
        },
        "spec": {
            "ports": [
                {"name": port, "port": number, "protocol": "TCP", **({"targetPort": target} if target else {})} for port, number, target in _PORTS
            ],
            "selector": {"app": "istiod", **own},
        },
    }


def _webhooks(wish: ControlPlane, name: str) -> dict[str, Any]:
    """Return the tag's webhooks. istiod fills in the CA bundle of webhooks with its revision's label."""
    selectors = [
        ("rev.namespace", [_in("istio.io/rev", name), _absent("istio-injection")], [_injectable()]),
        ("rev.object", [_absent("istio.io/rev"), _absent("istio-injection")], [_injectable(), _in("istio.io/rev", name)]),
    ]
    if name == "default":
        selectors += [
            ("namespace", [_in("istio-injection", "enabled")], [_injectable()]),
            ("object", [_absent("istio-injection"), _absent("istio.io/rev")], [_in("sidecar.istio.io/inject", "true"), _absent("istio.io/rev")]),
        ]
    suffix = "" if wish.namespace == "istio-system" else f"-{wish.namespace}"
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": {
            "name": f"istio-revision-tag-{name}{suffix}",
            "labels": {"app": "sidecar-injector", **_labels(wish, name)},
            # Without this annotation, AKS narrows the selectors of webhooks, and owns these fields.
            "annotations": {"admissions.enforcer/disabled": "true"},
        },
        "webhooks": [_webhook(wish, prefix, namespaces, objects) for prefix, namespaces, objects in selectors],
    }


def _webhook(wish: ControlPlane, prefix: str, namespaces: list[dict[str, Any]], objects: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "name": f"{prefix}.sidecar-injector.istio.io",
        "clientConfig": {"service": {"name": istiod(wish), "namespace": wish.namespace, "path": injection_path(wish), "port": 443}},
        "namespaceSelector": {"matchExpressions": namespaces},
        "objectSelector": {"matchExpressions": objects},
        "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"], "scope": "*"}],
        "failurePolicy": "Fail",
        "matchPolicy": "Equivalent",
        "sideEffects": "None",
        "reinvocationPolicy": "Never",
        "timeoutSeconds": 10,
        "admissionReviewVersions": ["v1"],
    }


def _in(key: str, value: str) -> dict[str, Any]:
    return {"key": key, "operator": "In", "values": [value]}


def _absent(key: str) -> dict[str, Any]:
    return {"key": key, "operator": "DoesNotExist"}


def _injectable() -> dict[str, Any]:
    return {"key": "sidecar.istio.io/inject", "operator": "NotIn", "values": ["false"]}


def reads(namespace: str) -> list[Read]:
    """Read the webhooks of all tags of the cluster, and the Services in one control plane's namespace."""
    return [
        Read("v1", "Service", namespace, "istio.io/tag"),
        Read("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration", None, "istio.io/tag"),
    ]


def seen(live: Mapping[str, Sequence[Object]], versions: Mapping[str, str]) -> list[Tag]:
    """Return where each half of each tag leads. `versions` are those of the running revisions."""
    namespace = next((space["metadata"]["name"] for space in live.get("Namespace", ())), "")
    hooks = {_tag(one): one for one in live.get("MutatingWebhookConfiguration", ()) if _tag(one) and _of(one, namespace)}
    services = {_tag(one): one for one in live.get("Service", ()) if _tag(one)}
    return [_seen(name, hooks.get(name, {}), services.get(name, {}), versions) for name in sorted({*hooks, *services})]


def _seen(name: str, hook: Object, service: Object, versions: Mapping[str, str]) -> Tag:
    selector = (service.get("spec") or {}).get("selector") or {}
    leads = str(selector.get("istio.io/rev") or ("default" if selector else ""))
    injects = _label(hook, "istio.io/rev")
    lacking = not service and injects in versions and has_services(versions[injects])
    return Tag(name, injects, leads, _service_name(name) if lacking else "", led_from(hook), led_from(service))


def led_from(one: Object) -> str:
    """Return the revision from which a cutover led an object; empty if none did."""
    return str(((one.get("metadata") or {}).get("annotations") or {}).get(LED_FROM, ""))


def _service_name(name: str) -> str:
    return f"istiod-revision-tag-{name}"


def _label(half: Object, key: str) -> str:
    return str(((half.get("metadata") or {}).get("labels") or {}).get(key, ""))


def _tag(half: Object) -> str:
    return _label(half, "istio.io/tag")


def _of(hook: Object, namespace: str) -> bool:
    """Return whether the webhook belongs to this namespace. One with the URL of an outside control plane names no namespace and counts."""
    services = [(each.get("clientConfig") or {}).get("service") or {} for each in hook.get("webhooks") or []]
    return all(service.get("namespace", namespace) == namespace for service in services)
