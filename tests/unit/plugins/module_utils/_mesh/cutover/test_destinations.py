# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Proxies of two revisions know the same endpoints, or it is said which service they would not reach."""

from __future__ import annotations

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.cutover.destinations import Destinations, astray

GATEWAY = "198.18.2.1:15443"
POD = "198.18.32.41:8080"


def known(**services: str) -> Destinations:
    return Destinations({f"{name}.shop.svc:80": frozenset(addresses.split()) for name, addresses in services.items()}, frozenset({"15443"}))


@pytest.mark.parametrize(("target", "former"), [
    (known(a=f"{GATEWAY} {POD}", b=""), known(a=f"{POD} {GATEWAY}", b="")),
    (known(a=GATEWAY, new=POD), known(a=GATEWAY)),
    (known(a=f"198.18.2.7:15443 {POD}"), known(a=f"198.18.2.8:15443 198.18.2.9:15443 {POD}")),
    (known(), known(gone="")),
])  # fmt: skip
def test_what_does_no_harm_is_not_said(target: Destinations, former: Destinations) -> None:
    """One that only the target knows, one without endpoints, and gateways whose name was looked up at different times."""
    assert astray(target, former) == []


@pytest.mark.parametrize(("target", "shown"), [
    (known(a=POD), POD), (known(a=""), "nobody"), (known(), "nobody"), (known(a=f"{GATEWAY} {POD}"), f"{GATEWAY}, {POD}"),
])  # fmt: skip
def test_other_endpoints_are_said(target: Destinations, shown: str) -> None:
    assert astray(target, known(a=GATEWAY)) == [f"the target sends requests for a.shop.svc:80 to {shown}, and the former revision to {GATEWAY}"]


def test_an_address_of_a_former_pod_is_said() -> None:
    assert len(astray(known(a="198.18.32.9:8080"), known(a=POD))) == 1


ORDERS, WRONG, PAY = (f"spiffe://{name}" for name in ("shop.example/ns/shop/sa/a", "cluster.local/ns/shop/sa/a", "shop.example/ns/pay/sa/pay"))


def accepting(*names: str) -> Destinations:
    return Destinations({"a.shop.svc:80": frozenset({GATEWAY})}, frozenset({"15443"}), {"a.shop.svc:80": frozenset(names)} if names else {})


@pytest.mark.parametrize(("target", "accepts"), [(accepting(WRONG), WRONG), (accepting(WRONG, PAY), f"{WRONG}, {PAY}"), (accepting(), "nobody")])
def test_an_identity_that_only_the_former_revision_accepts_is_said(target: Destinations, accepts: str) -> None:
    """Requests to all pods with it are lost then, although both send them to the same addresses."""
    said = f"the target does not accept {ORDERS} as a.shop.svc:80, which the former revision does; it accepts {accepts}"
    assert astray(target, accepting(ORDERS)) == [said]


def test_more_identities_are_no_harm() -> None:
    assert astray(accepting(ORDERS, WRONG), accepting(ORDERS)) == astray(accepting(ORDERS), accepting()) == []


def test_services_of_the_probes_do_not_count() -> None:
    assert astray(known(), known(a=GATEWAY), ["shop"]) == []


def test_a_proxy_that_says_nothing_is_said() -> None:
    assert astray(Destinations(), known()) == ["no proxy of the target said where it sends requests"]
    assert astray(Destinations(), Destinations()) == ["no proxy of the target and the former revision said where it sends requests"]
