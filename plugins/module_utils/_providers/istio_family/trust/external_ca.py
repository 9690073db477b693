# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who signs for the mesh where istiod does not: cert-manager's istio-csr, or another CA that speaks istiod's protocol."""

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
    """istiod, and the ConfigMaps that tell proxies where their CA is."""
    return [Read("apps/v1", "Deployment", namespace, "app=istiod"), Read("v1", "ConfigMap", namespace, "istio.io/rev")]


def issuer(live: Live, _answers: Answers) -> str:
    """Who signs in the place of any of these istiods; empty if each signs itself."""
    return next((found for one in live.get("Deployment", ()) if (found := authority(one, live.get("ConfigMap", ())))), "")


def authority(deployment: Object, maps: Iterable[Object]) -> str:
    """Who signs in the place of this istiod. An address alone may be another istiod's, unless it is istio-csr's."""
    template = deployment["spec"]["template"]
    given, _image = environment(template, "discovery")
    address = _address((deployment["metadata"].get("labels") or {}).get("istio.io/rev", "default"), maps)
    off = given.get("ENABLE_CA_SERVER", "").lower() in _FALSE or bool(given.get("EXTERNAL_CA"))
    if not off and _CSR not in address:
        return ""
    name = "cert-manager's istio-csr" if _CSR in address or "cert-manager" in _serving(template) else "another CA"
    return f"{name} ({address})" if address else name


def _address(revision: str, maps: Iterable[Object]) -> str:
    """`global.caAddress`, as the injector puts it into proxies."""
    for one in maps:
        metadata = one["metadata"]
        if metadata["name"].startswith(_INJECTOR) and (metadata.get("labels") or {}).get("istio.io/rev", "default") == revision:
            try:
                values = json.loads((one.get("data") or {}).get("values") or "{}")
            except ValueError:
                return ""
            return str((values.get("global") or {}).get("caAddress") or "") if isinstance(values, dict) else ""
    return ""


def _serving(template: Object) -> str:
    """Where istiod's own certificate comes from, if not from itself."""
    for one in (template.get("spec") or {}).get("containers") or []:
        if one.get("name") == "discovery":
            return next((str(word).removeprefix(_TLS) for word in one.get("args") or [] if str(word).startswith(_TLS)), "")
    return ""
