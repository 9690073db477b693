# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The clusters that Istio's golden files are about: what would be installed in them, and in which order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.health.probe import ProbeWish
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.wish import ControlPlane
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.links.remote_secret import Credential

_EAST: Mapping[str, Any] = {
    "cluster": "east",
    "mesh": "shop",
    "network": "on-prem",
    "version": "1.31.3",
    "revision": "stable",
    "namespace": "istio-system",
    "tags": ["default"],
    "trust_domain": "shop.example",
    "charts": {"source": "repository"},
}

WISHES: Mapping[str, ControlPlane] = {
    "primary": ControlPlane.of(_EAST),
    "primary_with_remotes": ControlPlane.of({**_EAST, "serves_remotes": True, "tags": ["default", "prod"]}),
    "remote": ControlPlane.of({
        **_EAST, "cluster": "edge", "network": "aws", "role": "remote", "primary": "east", "primary_address": "192.0.2.10",
    }),
    "default_revision": ControlPlane.of({**_EAST, "revision": "default", "tags": [], "serves_remotes": True}),
    "own_namespace": ControlPlane.of({**_EAST, "namespace": "mesh", "tags": ["prod"], "serves_remotes": True}),
    "openshift": ControlPlane.of({**_EAST, "platform": "openshift"}),
    "external_crds": ControlPlane.of({**_EAST, "crds": "external", "tags": []}),
    "node_port": ControlPlane.of({**_EAST, "tags": [], "values": {"gateway": {"service": {"type": "NodePort"}}}}),
    "oci_charts": ControlPlane.of({
        **_EAST, "tags": [], "charts": {"source": "oci", "location": "oci://registry.example/istio/"},
        "values": {"istiod": {"env": {"PILOT_TRACE_SAMPLING": "1"}, "meshConfig": {"accessLogFile": "/dev/stdout"}}},
    }),
    "hub_goes_away": ControlPlane.of({**_EAST, "version": "1.30.7", "tags": [], "platform": "openshift", "charts": {"source": "oci"}}),
    "mirror": ControlPlane.of({
        **_EAST, "tags": [], "charts": {}, "mirror": {"charts": "oci://registry.example/istio/charts", "images": "registry.example"}, "platform": "openshift",
    }),
    "directory_charts": ControlPlane.of({**_EAST, "tags": [], "charts": {"source": "directory", "location": "/srv/istio/charts"}}),
}
PROBE = ProbeWish("east", "stable", ("east", "west"), trust_domain="shop.example")
CREDENTIAL = Credential("west", "https://api.west.example:6443", b"the CA of west's API server", b"the token of west")
