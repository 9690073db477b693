# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.links.entrance import Entrance, address_fault


def pem(name: str) -> bytes:
    return f"-----BEGIN CERTIFICATE-----\n{name}\n-----END CERTIFICATE-----\n".encode()


OWN, COMPANY = pem("own"), pem("company")


@pytest.mark.parametrize("server", [
    "https://api.west.example:6443", "https://10.0.0.1", "https://[2001:db8::1]:6443/k8s/clusters/c-1", "https://localhost.example",
])  # fmt: skip
def test_an_address_that_pods_may_reach_is_fine(server: str) -> None:
    assert address_fault(server) is None


@pytest.mark.parametrize("server", [
    "https://127.0.0.1:26443", "https://127.9.0.1", "https://[::1]:6443", "https://localhost:6443", "https://LOCALHOST.", "https://kind.localhost",
    "https://0.0.0.0:6443", "https://[::ffff:127.0.0.1]:6443",
])  # fmt: skip
def test_one_that_leads_each_pod_to_itself_is_not(server: str) -> None:
    told = address_fault(server)
    assert told and told.startswith(f"its API server's address {server} leads every pod to itself") and "mesh_api_server" in told


@pytest.mark.parametrize("server", ["west.example.test:6443/", "http://api.example", "api.example", "https://", "https://api:port", "https://[::1"])
def test_one_that_is_no_url_is_not(server: str) -> None:
    told = address_fault(server)
    assert told and told.startswith(f"its API server's address {server} is no https:// URL") and "mesh_api_server" in told


@pytest.mark.parametrize(("way", "ca"), [
    pytest.param(Entrance("x"), OWN, id="what the cluster says"),
    pytest.param(Entrance("x", given=COMPANY), COMPANY, id="what the inventory says"),
    pytest.param(Entrance("x", given=COMPANY, reached=pem("third")), COMPANY, id="what the inventory says, alone"),
    pytest.param(Entrance("x", reached=COMPANY), OWN + COMPANY, id="what we reach it by, too"),
    pytest.param(Entrance("x", reached=b"# a comment\n" + OWN.replace(b"\n", b"\r\n")), OWN, id="the same written otherwise"),
    pytest.param(Entrance("x", reached=OWN + COMPANY + pem("third")), OWN + COMPANY + pem("third"), id="a bundle"),
])
def test_by_what_it_is_trusted(way: Entrance, ca: bytes) -> None:
    assert way.ca(OWN) == ca


def test_what_is_no_pem_stays_what_it_is() -> None:
    assert Entrance("x", reached=COMPANY).ca(b"der") == b"der"
