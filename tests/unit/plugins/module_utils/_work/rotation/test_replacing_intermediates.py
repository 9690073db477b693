# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The laggards while intermediates are replaced: none before the new ones sign, then each proxy with a certificate of an old one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.connect import connect_to
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import NotReady
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.rotation.observed import Observed
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.rotation.trust_users import PROXY, TrustUser
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.trust.standing import Standing
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio import ISTIO
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.rotation import step as rotating
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.rotation.request import StepRequest
from ansible_collections.meshops.lifecycle.tests.unit.support.ticking import Ticking

ROOT, OLD, NEW = "0" * 64, "a" * 64, "b" * 64


class Unwritten:
    """A cluster that fails the test if anything is written to it."""

    name, dry_run = "east", False


def step(name: str, signer: str, monkeypatch: pytest.MonkeyPatch) -> Observed:
    """The step in a cluster that signs with `signer`, with a proxy whose certificate is of the old intermediate."""
    trusts, marks = frozenset({ROOT}), frozenset({"f" * 64}) if name == "reissue" else frozenset()
    proxy = TrustUser(PROXY, "shop", "client", trusts | marks, ROOT, OLD)
    seen = Observed("east", "uid", Standing("east", ROOT, signer, trusts, marks), users=(proxy,))

    class Watch:
        def __init__(self, *_given: Any) -> None:
            pass

        def observe(self) -> Observed:
            return seen

    monkeypatch.setattr(rotating, "Watch", Watch)
    root = {"source": "generated"}
    params = {
        "mesh": "shop", "trust_domain": "shop.example", "root": root, "namespace": "istio-system", "step": name, "target": ROOT, "leaving": [], "stale": [OLD],
        "recover": False, "may_restart": False, "timeout": 0,
    }  # fmt: skip
    work = rotating.StepWork(Unwritten(), ISTIO, StepRequest.of(params), None, connect_to, Ticking())  # type: ignore[arg-type]
    return rotating.advance(work, datetime.now(UTC))


def test_before_the_new_one_signs_nobody_is_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    assert step("introduce", OLD, monkeypatch).cluster == "east"


@pytest.mark.parametrize("name", ["reissue", "retire"])
def test_once_it_signs_a_certificate_of_the_old_one_is_behind(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(NotReady, match="proxy shop/client has a certificate of the replaced intermediate aaaaaaaaaaaa"):
        step(name, NEW, monkeypatch)
