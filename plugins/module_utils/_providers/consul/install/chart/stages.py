# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An install by HashiCorp's chart: one release in stages, and the way back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ....._mesh.errors import Refused
from ....._mesh.install.claim import Claim
from ....._mesh.install.helm_release import Release
from ....._mesh.install.mirror import Needed, reference
from ....._mesh.install.stage import Stage
from ....._mesh.install.wish import ControlPlane
from ....._mesh.objects.change import Ref
from ....._mesh.objects.condition import Condition
from ....._mesh.objects.shapes import Manifest
from ....._mesh.reach.options import anchor
from ... import datacenter
from ...names import CONNECT_CA, GATEWAY, NAME, SERVER, SERVER_TLS, SHARED, TOKENS
from ...objects import entries as declared
from ...settings import Settings
from .. import departure, joining
from . import images, lines, objects, rules, settled, unknown
from .by_path import Values
from .lines import Chosen
from .values import added, ours, values

SOURCES = ("repository", "oci", "directory")
REPOSITORY = "https://helm.releases.hashicorp.com"
_AUTH_HOST = "global.federation.k8sAuthMethodHost"
_CRD, _ENTRY = "apiextensions.k8s.io/v1", "consul.hashicorp.com/v1alpha1"


def used(wish: ControlPlane) -> bool:
    """Return whether the inventory asks for the chart."""
    return wish.charts.get("source") in SOURCES


def stages(wish: ControlPlane) -> list[Stage]:
    """Return the stages. Entries follow when the CRDs are there and the controller hears them."""
    settings = Settings.of(wish)
    release = _release(wish, settings)
    waits = [Condition(ref) for ref in _secrets(wish)]
    if wish.crds == "external":
        waits += [Condition(_crd(name), "established") for name in objects.GATEWAY_CRDS]
    entries = _entries(wish, settings)
    consent = joining.Consent(settings.connect.gives_up, settings.gateway.secondaries_know, settings.gateway.type, chart=True,
                              node_port=settings.gateway.node_port)  # fmt: skip
    made = [
        Stage("namespace", "control_plane", manifests=[_namespace(wish)], ready=waits, then=joining.due(wish, consent)),
        Stage("chart", "control_plane", releases=[release], ready=list(_running(wish))),
    ]
    if entries:
        made.append(Stage("entries", "control_plane", manifests=entries, ready=[Condition(Ref.of(one), "condition", type="Synced") for one in entries]))
    made += declared.stages(wish, settings.entries, controller=True)
    return [*made, Stage("gateway", "gateways", ready=list(_reached(wish, settings)))]


def _entries(wish: ControlPlane, settings: Settings) -> list[Manifest]:
    """Return the entries without which nothing crosses. The declared ones have them in them where they are objects too."""
    return [] if settings.entries.through == declared.CRDS else objects.entries(wish)


def _running(wish: ControlPlane) -> Iterator[Condition]:
    yield from (Condition(_crd(name), "established") for name in objects.ENTRY_CRDS)
    yield Condition(Ref("apps/v1", "StatefulSet", SERVER, wish.namespace), "rollout")
    yield Condition(Ref("apps/v1", "Deployment", objects.INJECTOR, wish.namespace), "rollout")


def _reached(wish: ControlPlane, settings: Settings) -> Iterator[Condition]:
    yield Condition(Ref("apps/v1", "Deployment", GATEWAY, wish.namespace), "rollout")
    if settings.gateway.type == "LoadBalancer":
        yield Condition(Ref("v1", "Service", GATEWAY, wish.namespace), "field", path="status.loadBalancer.ingress")


def _crd(name: str) -> Ref:
    return Ref(_CRD, "CustomResourceDefinition", name)


def _namespace(wish: ControlPlane) -> Manifest:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": wish.namespace}}


def _secrets(wish: ControlPlane) -> list[Ref]:
    first = [] if datacenter.kind(wish) == datacenter.SECONDARY else [CONNECT_CA]
    return [Ref("v1", "Secret", name, wish.namespace) for name in (*first, SHARED, TOKENS, SERVER_TLS)]


def teardown(wish: ControlPlane) -> list[Stage]:
    """Return the way back: our entries first, because the controller that has to let them go leaves with the release."""
    settings = Settings.of(wish)
    entries = [*_entries(wish, settings), *declared.objects(wish, settings.entries)]
    release = _release(wish, settings)
    first = [Stage("entries", "control_plane", manifests=entries, ready=[Condition(Ref.of(one), "absent") for one in entries])] if entries else []
    return [*first, Stage("chart", "control_plane", releases=[release]), *departure.stages(wish)]


def claims(wish: ControlPlane) -> list[Claim]:
    """Return the names of what the release makes, with the CRDs that others may have brought, and our entries."""
    brought = () if wish.crds == "external" else objects.gateway_crds(lines.choose(wish, Settings.of(wish)).line)
    refs = [*objects.of_release(wish), *map(_crd, (*objects.ENTRY_CRDS, *brought))]
    return [*(Claim(ref, f"{wish.namespace}/{NAME}") for ref in refs), *(Claim(Ref.of(one)) for one in objects.entries(wish))]


def supplies(wish: ControlPlane) -> list[Needed]:
    """Return the chart and its images. The values of the release name each image, whether ours or the inventory's."""
    settings = Settings.of(wish)
    chosen, release = lines.choose(wish, settings), _release(wish, settings)
    chart = Needed("chart", f"{REPOSITORY}/{NAME}:{chosen.version}", reference(release))
    return [chart, *images.needed(chosen, release.values["global"])]


def _release(wish: ControlPlane, settings: Settings) -> Release:
    """Return the release. Refuse values that the chart would refuse, or not read."""
    datacenter.require_possible(wish)
    chosen = lines.choose(wish, settings)
    all_values = values(wish, settings, chosen)
    faults = [*_unused(wish, settings), *_faults(wish, settings, chosen, all_values)]
    if faults:
        raise Refused(f"{wish.cluster}: {'; '.join(faults)}. Correct mesh_values, mesh_site_values or mesh_cluster_values.")
    chart, repository, version = _place(wish, chosen)
    return Release(NAME, wish.namespace, chart, repository, version, all_values)


def _faults(wish: ControlPlane, settings: Settings, chosen: Chosen, all_values: dict[str, Any]) -> Iterator[str]:
    yield from unknown.faults(wish.values.get(NAME) or {}, chosen.line)
    yield from settled.faults(ours(wish, settings, chosen), all_values)
    yield from settled.configured(added(wish))
    yield from rules.faults(Values(all_values))
    if datacenter.kind(wish) == datacenter.SECONDARY and not Values(all_values).on(_AUTH_HOST):
        why = f"the servers of {wish.primary} ask the API server of a secondary who its pods are"
        yield f"mesh_values.consul.{_AUTH_HOST} is empty, but {why}; set it to the URL at which they reach the one of {wish.cluster}"


def _unused(wish: ControlPlane, settings: Settings) -> Iterator[str]:
    """Yield half a sentence for each setting that only manifests know."""
    if settings.servers.host_path:
        yield "mesh_values.servers.host_path is set, but the chart keeps data in claims only; set servers.storage_class, or install from manifests"
    if settings.agents.enabled and wish.values.get("agents"):
        yield "mesh_values.agents is set, but sidecars of the chart need no agents; remove it, or install from manifests"
    if settings.servers.restart or settings.servers.restart_without_primary:
        yield "mesh_values.servers.restart is set, but Kubernetes restarts servers of the chart in an order of its own; remove it"
    if settings.images.envoy:
        yield "mesh_values.images.envoy is set, but with the chart Envoy is in another image; set mesh_values.consul.global.imageConsulDataplane"


def _place(wish: ControlPlane, chosen: Chosen) -> tuple[str, str | None, str | None]:
    """Return the chart, its repository and its version. Without a location they come from the mirror, whose address shows the kind of place."""
    source, location, mirror = wish.charts["source"], wish.charts.get("location") or "", wish.mirror.get("charts") or ""
    if mirror and not location:
        source, location = "oci" if mirror.startswith("oci://") else "repository" if "://" in mirror else "directory", mirror
    if source == "repository":
        return NAME, location or REPOSITORY, chosen.version
    if not location:
        raise Refused(f"{wish.cluster}: mesh_charts.source is {source}, but mesh_charts has no location. Name the place above the chart {NAME}.")
    above = location if source == "oci" else anchor(location, wish.inventory)
    return f"{above.rstrip('/')}/{NAME}", None, chosen.version if source == "oci" else None
