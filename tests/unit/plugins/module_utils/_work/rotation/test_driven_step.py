# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A step of a rotation that a product drives: what is written under the Lease before the product is given its order."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Answer
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.connect import connect_to
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.contract.provider import Provider
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import NotReady, Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.rotation.primary import Primary
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust import root_secret
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.standing import Standing
from ansible_collections.meshops.lifecycle.plugins.module_utils._pki.x509 import inspect
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.rotation import step as rotating
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.rotation.request import StepRequest
from ansible_collections.meshops.lifecycle.tests.unit.support.authorities import OTHER_ROOT, ROOT, issuer, key, make
from ansible_collections.meshops.lifecycle.tests.unit.support.authorities import root as material
from ansible_collections.meshops.lifecycle.tests.unit.support.fake_cluster import FakeCluster
from ansible_collections.meshops.lifecycle.tests.unit.support.paper import trust
from ansible_collections.meshops.lifecycle.tests.unit.support.paper.mesh import PAPER
from ansible_collections.meshops.lifecycle.tests.unit.support.ticking import Ticking

from .test_step import Held, lost_at

SPACE = "paper"


class Product(FakeCluster):
    """A cluster with the product of the mesh of paper. It takes the CA of a PUT at once, and no object shows that CA."""

    def __init__(self) -> None:
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "control-1", "namespace": SPACE, "labels": {"paper": "control"}}}
        stored = [root_secret.secret(material(OTHER_ROOT), "meshops-root-ca", "meshops-system", "shop"), *trust.manifests(issuer(), SPACE, "shop")]
        super().__init__(pod, *stored)
        held = issuer()
        self.says = {name: getattr(held, name).decode() for name in ("certificate", "chain", "roots")}
        self.ordered: list[dict[str, str]] = []

    def ask(self, namespace: str, pod: str, port: int, path: str, method: str = "GET", *_args: Any, **_how: Any) -> Answer:
        if method == "PUT":
            self.ordered.append(json.loads(self.questions[-1].body or b""))
            self.says = {name: self.ordered[-1][name] for name in self.says}
        return Answer(200, json.dumps({**self.says, "waits": []}).encode())

    def held(self) -> Any:
        return trust.read({ref: one for ref in trust.objects(SPACE) if (one := self.get(ref))})


def mesh(stores: bool) -> Provider:
    driven = dataclasses.replace(PAPER.stories.driven_rotation, stores=stores)  # type: ignore[type-var]
    return Provider("paper", dataclasses.replace(PAPER.stories, driven_rotation=driven), PAPER.defaults)


def reissue(cluster: FakeCluster, stores: bool, hold: Held | None = None, primary: Primary | None = None, clock: Ticking | None = None) -> rotating.StepWork:
    root = {"source": "generated", "kube": None, "namespace": "meshops-system", "name": "meshops-root-ca"}
    params = {"namespace": SPACE, "mesh": "shop", "trust_domain": "shop.example", "key_type": "P-256", "intermediate_days": 30, "root": root, "step": "reissue",
              "target": OTHER_ROOT.fingerprint, "leaving": [ROOT.fingerprint], "stale": [], "recover": False, "may_restart": False, "timeout": 60}  # fmt: skip
    wanted, keeper, by = StepRequest.of(params), hold or Held(), clock or Ticking()
    asked = rotating.StepWork(cluster, mesh(stores), wanted, keeper, connect_to, by, primary=primary)  # type: ignore[arg-type]
    rotating.advance(asked, datetime.now(UTC))
    return asked


def test_what_the_product_stores_itself_is_left_to_it() -> None:
    here = Product()
    reissue(here, stores=True)
    assert len(here.ordered) == 1
    assert here.held().certificate == issuer().certificate
    assert [request.split()[0] for request in here.writes] == ["PATCH"], "the epoch alone"


def test_what_it_does_not_store_is_written_before_the_order_the_key_last() -> None:
    """Otherwise the next `site` would find a CA of the old root there."""
    here = Product()
    reissue(here, stores=False)
    (given,) = here.ordered
    stored = here.held()
    assert (stored.certificate.decode(), stored.key.decode(), stored.roots.decode()) == (given["certificate"], given["key"], given["roots"])
    assert [request.rpartition("/")[2] for request in here.writes] == ["paper-roots", "paper-issuer"]


@pytest.mark.parametrize("number", [1, 2, 3])
def test_without_the_lease_nothing_is_ordered(number: int) -> None:
    here = Product()
    with pytest.raises(Refused, match="run-2 holds it now"):
        reissue(here, stores=False, hold=Held(guard=lost_at(number)))
    assert (len(here.writes), here.ordered) == (number - 1, [])


PRIMARY = Primary("west", Standing("east", OTHER_ROOT.fingerprint), OTHER_ROOT.pem)


def follows(here: Product, after: float) -> Ticking:
    """A clock by which the product takes over the CA of its primary after so many seconds."""
    new = issuer(make("Issuing CA", OTHER_ROOT, key(number=4)), under=(OTHER_ROOT,))

    def take(passed: float) -> None:
        if passed > after:
            here.says = {name: (getattr(new, name) or b"").decode() for name in ("certificate", "chain", "roots")}

    return Ticking(take)


def test_a_cluster_with_a_primary_is_given_no_order_and_is_waited_for() -> None:
    here = Product()
    clock = follows(here, 5)
    reissue(here, stores=False, primary=PRIMARY, clock=clock)
    assert (here.ordered, clock.passed > 5) == ([], True)
    stored = inspect(here.held(), "east", datetime.now(UTC))
    assert stored.root
    assert stored.root.fingerprint == OTHER_ROOT.fingerprint, "the CA that its product does not read has the new root, too"


def test_a_second_step_there_writes_nothing() -> None:
    here = Product()
    clock = follows(here, 0)
    reissue(here, stores=False, primary=PRIMARY, clock=clock)
    before = len(here.writes)
    assert reissue(here, stores=False, primary=PRIMARY, clock=clock).changes == []
    assert (len(here.writes), here.ordered) == (before, [])


def test_a_product_that_does_not_follow_its_primary_is_named() -> None:
    here = Product()
    with pytest.raises(NotReady, match="east: reissue of root .* did not end within 6. s: its product signs under"):
        reissue(here, stores=False, primary=PRIMARY)


@pytest.mark.parametrize("number", [1, 2])
def test_without_the_lease_its_ca_is_not_written(number: int) -> None:
    here = Product()
    with pytest.raises(Refused, match="run-2 holds it now"):
        reissue(here, stores=False, hold=Held(guard=lost_at(number)), primary=PRIMARY)
    assert (len(here.writes), here.ordered) == (number - 1, [])
