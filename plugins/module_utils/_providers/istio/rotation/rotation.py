# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a rotation writes of Istio, and what each version of istiod needs for it or gets wrong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ...._mesh.install.quirk import Quirk
from ...._mesh.lease.fence import annotation
from ...._mesh.objects.change import Ref
from ...._mesh.trust.certificate import Material
from ...._mesh.trust.root_secret import encoded, labels
from .holding import WORKLOADS as _WORKLOADS
from .holding import permissions as _seeing
from .holding import previous
from .holding import secret as _signer

_TOUCHED = "meshops.lifecycle/touched"
_RESTARTED = "kubectl.kubernetes.io/restartedAt"
_PARTS = ("ca-cert.pem", "ca-key.pem", "cert-chain.pem", "root-cert.pem")

QUIRKS = (
    Quirk((), (1, 18), "istiod takes a changed `cacerts` only when it starts, or with AUTO_RELOAD_PLUGIN_CERTS", "istio#31522, istio#43104", restarts=True),
    Quirk((1, 18), (1, 20), "istiod takes a changed root only when it starts", "Istio 1.20, release note 47063", restarts=True),
    Quirk(
        (1, 27), (1, 28), "istiod misses a new intermediate that comes without a new bundle; the mark, which changes the bundle, avoids it",
        "Istio 1.28, release note cacerts-file-watcher-bug",
    ),
    Quirk(
        (1, 20), (1, 30), "istiod compares bundles as bytes; what is in the bundle is kept as it is written, and the rest put behind it",
        "istio#59909",
    ),
    Quirk(
        (), (1, 31), "istiod does not take a root from files, as istio-csr gives it, without a restart",
        "Istio 1.31, release note istiod-root-cert-file-watch",
    ),
)  # fmt: skip


def kept(secret: Mapping[str, Any], mesh: str) -> dict[str, Any]:
    """The Secret that keeps it."""
    data = {key: value for key, value in (secret.get("data") or {}).items() if key in _PARTS}
    place = previous(secret["metadata"]["namespace"])
    metadata = {"name": place.name, "namespace": place.namespace, "labels": labels(mesh)}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "Opaque", "data": data}


def patch(roots: bytes, epoch: int, ca: Material | None = None) -> dict[str, Any]:
    """What changes in `cacerts`: the bundle, and with a new CA the other three parts in the same write."""
    parts = (ca.certificate, ca.key, ca.chain or b"", roots) if ca else (b"", b"", b"", roots)
    data = {key: encoded(part) for key, part in zip(_PARTS, parts, strict=True) if part}
    return {"metadata": {"annotations": annotation(epoch)}, "data": data}


def refreshed(moment: str) -> dict[str, Any]:
    """A pod's annotation: the kubelet looks after the pod at once, and so brings a changed Secret into it, instead of within a minute or two."""
    return {"metadata": {"annotations": {_TOUCHED: moment}}}


def touched(moment: str) -> dict[str, Any]:
    """A ConfigMap's annotation: istiod compares the ConfigMap with its bundle when it changes."""
    return {"metadata": {"annotations": {_TOUCHED: moment}}}


def restarted(moment: str) -> dict[str, Any]:
    """As `kubectl rollout restart`."""
    return {"spec": {"template": {"metadata": {"annotations": {_RESTARTED: moment}}}}}


def workload(name: str, namespace: str) -> Ref | None:
    """From kind/name; None for what is not rolled by an annotation."""
    kind, _slash, own = name.partition("/")
    return Ref(_WORKLOADS[kind], kind, own, namespace) if kind in _WORKLOADS else None


def quirks(versions: Iterable[str]) -> list[str]:
    """What applies to any of these versions of istiod, as sentences with their source."""
    known = list(versions)
    return [str(quirk) for quirk in QUIRKS if any(quirk.applies(version) for version in known)]


def permissions(namespace: str, restart: bool = False, recover: bool = False) -> list[dict[str, str]]:
    """What it takes to write and refresh, and to see who follows; `restart` where workloads may be restarted.

    With `recover` proxies are refreshed too, wherever they are.
    """
    own, former = _signer(namespace).name, previous(namespace).name
    here = [("", "secrets", "patch", own), ("", "secrets", "create", ""), ("", "secrets", "delete", former), ("", "pods", "patch", "")]
    wide = [("", "configmaps", "get"), ("", "configmaps", "patch")]
    wide += [("", "pods", "patch")] if recover else []
    if restart:
        wide += [("apps", f"{kind.lower()}s", verb) for kind in _WORKLOADS for verb in ("get", "patch")]
        wide += [("policy", "poddisruptionbudgets", "list")]
    everywhere = [{"verb": verb, "group": group, "resource": resource} for group, resource, verb in wide]
    inside = [{"verb": verb, "group": group, "resource": resource, "namespace": namespace, **({"name": name} if name else {})}
              for group, resource, verb, name in here]  # fmt: skip
    return [*_seeing(namespace), *everywhere, *inside]
