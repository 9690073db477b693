# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which release an image is of, also where it is named by its digest alone."""

from __future__ import annotations

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.links import sight
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.proxy import release
from ansible_collections.meshops.lifecycle.tests.unit.support import istio_live

DIGEST = "registry.redhat.io/openshift-service-mesh/istio-pilot-rhel9@sha256:0a1b"


@pytest.mark.parametrize(("image", "labels", "version"), [
    ("docker.io/istio/pilot:1.30.3", {}, "1.30.3"),
    ("docker.io/istio/pilot:1.30.3", {"app.kubernetes.io/version": "1.29.0"}, "1.30.3"),
    ("r.example:5000/pilot:1.30.3@sha256:0a1b", {}, "1.30.3"),
    (DIGEST, {"app.kubernetes.io/version": "1.30.2"}, "1.30.2"),
    (DIGEST, {}, "istio-pilot-rhel9"),
])  # fmt: skip
def test_a_tag_counts_before_a_label(image: str, labels: dict[str, str], version: str) -> None:
    assert release({"metadata": {"name": "istiod", "labels": labels}}, image) == version


def test_what_a_version_needs_is_known_without_a_tag() -> None:
    plane = istio_live.deployment(image=DIGEST)
    assert sight.needs({"Deployment": [plane]}) == []
    plane["metadata"]["labels"]["app.kubernetes.io/version"] = "1.30.2"
    assert [one for one in sight.needs({"Deployment": [plane]}) if "istio#60612" in one]
