# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find out who signs for the mesh if istiod does not: cert-manager's istio-csr, or another CA that speaks istiod's protocol."""

from __future__ import annotations

import json
from collections.abc import Iterable

from ...._mesh.objects.shapes import Live, Object
from ...._mesh.question import Answers, Read
from ..proxy import environment

_CSR = "istio-csr"
_INJECTOR = "istio-sidecar-injector"
_FALSE = ("0", "f", "false")  # as Go reads a boolean
_TLS = "--tlsCertFile="


def reads(namespace: str) -> list[Read]:
    """Return the reads for istiod and for the ConfigMaps that tell proxies where their CA is."""
    return [Read("apps/v1", "Deployment", namespace, "app=istiod"), Read("v1", "ConfigMap", namespace, "istio.io/rev")]


def issuer(live: Live, _answers: Answers) -> str:
    """Return who signs in place of any of these istiods; empty if each of them signs itself."""
    return next((other for one in live.get("Deployment", ()) if (other := authority(one, live.get("ConfigMap", ())))), "")


def authority(deployment: Object, maps: Iterable[Object]) -> str:
    """Return who signs in place of this istiod. An address alone may lead to another istiod, unless it leads to istio-csr."""
    template = deployment["spec"]["template"]
    given, _image = environment(template, "discovery")
    address = _address((deployment["metadata"].get("labels") or {}).get("istio.io/rev", "default"), maps)
    off = given.get("ENABLE_CA_SERVER", "").lower() in _FALSE or bool(given.get("EXTERNAL_CA"))
    if not off and _CSR not in address:
        return ""
    name = "cert-manager's istio-csr" if _CSR in address or "cert-manager" in _serving(template) else "another CA"
    return f"{name} ({address})" if address else name


def _address(revision: str, maps: Iterable[Object]) -> str:
    """Return `global.caAddress`, as the injector puts it into proxies."""
    for config_map in maps:
        metadata = config_map["metadata"]
        if metadata["name"].startswith(_INJECTOR) and (metadata.get("labels") or {}).get("istio.io/rev", "default") == revision:
            try:
                values = json.loads((config_map.get("data") or {}).get("values") or "{}")
            except ValueError:
                return ""
            return str((values.get("global") or {}).get("caAddress") or "") if isinstance(values, dict) else ""
    return ""


def _serving(template: Object) -> str:
    """Return where istiod's own certificate comes from, if istiod does not issue it itself."""
    for container in (template.get("spec") or {}).get("containers") or []:
        if container.get("name") == "discovery":
            return next((str(word).removeprefix(_TLS) for word in container.get("args") or [] if str(word).startswith(_TLS)), "")
    return ""
