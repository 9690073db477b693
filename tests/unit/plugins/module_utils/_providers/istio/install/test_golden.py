# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Releases and manifests of whole clusters, as files."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.wish import ControlPlane
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio.install import control_plane, gateways
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.health import probe
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.install import passage
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.links import remote_secret
from ansible_collections.meshops.lifecycle.tests.unit.support.golden import assert_golden
from ansible_collections.meshops.lifecycle.tests.unit.support.istio_wishes import CREDENTIAL, PROBE, WISHES

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("name", WISHES)
def test_the_releases_of(name: str) -> None:
    wish = WISHES[name]
    made = [*control_plane.releases(wish), *gateways.releases(wish)]
    assert_golden(GOLDEN / f"{name}.releases.yml", [release.as_dict() for release in made])


@pytest.mark.parametrize("name", WISHES)
def test_the_manifests_of(name: str) -> None:
    wish = WISHES[name]
    assert_golden(GOLDEN / f"{name}.manifests.yml", [*control_plane.manifests(wish), *passage.manifests(wish)])


def test_what_is_left_over_of_a_control_plane_and_its_gateway() -> None:
    wish: ControlPlane = WISHES["primary"]
    assert_golden(GOLDEN / "leftovers.yml", [*passage.leftovers(wish), *control_plane.leftovers(wish)])


def test_the_manifests_of_a_link() -> None:
    """The kubeconfigs are decoded, so that a reader can review them."""
    named = replace(CREDENTIAL, cluster="north", tls_server_name="kubernetes.default")
    links = [remote_secret.link(credential, "istio-system") for credential in (CREDENTIAL, named)]
    for link in links:
        link["data"] = {key: json.loads(base64.b64decode(value)) for key, value in link["data"].items()}
    assert_golden(GOLDEN / "link.yml", [remote_secret.account("istio-system"), *links])


def test_the_manifests_of_a_probe() -> None:
    assert_golden(GOLDEN / "probe.yml", probe.manifests(PROBE))


def test_no_golden_file_is_left_over() -> None:
    wanted = {f"{name}.{what}.yml" for name in WISHES for what in ("releases", "manifests")} | {"leftovers.yml", "link.yml", "probe.yml"}
    assert {path.name for path in GOLDEN.iterdir()} == wanted
