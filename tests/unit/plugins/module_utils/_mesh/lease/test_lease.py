# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a Lease says, and what follows from it."""

from __future__ import annotations

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.lease import lease as leases
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.lease.lease import BROKEN, EXPIRED, FREE, HELD, MISNAMED, OURS, Lease, decide

WHERE = leases.ref("shop", "meshops-system")
THEIRS = Lease("run-1", 3, 60, "2026-11-21T12:00:00.000000Z", "2026-11-21T11:00:00.000000Z")


def test_it_is_written_as_it_is_read():
    assert Lease.of(THEIRS.onto(None, WHERE)) == THEIRS
    assert Lease.of(None) == Lease()
    assert Lease.of({"spec": {"holderIdentity": None, "leaseTransitions": None}}) == Lease()


def test_what_is_not_ours_stays_as_it_is():
    live = {"metadata": {"resourceVersion": "7", "annotations": {"a": "b"}}, "spec": {"strategy": "s", "renewTime": "old", "holderIdentity": "x"}}
    written = THEIRS.onto(live, WHERE)
    assert written["metadata"] == live["metadata"]
    assert (written["spec"]["strategy"], written["spec"]["renewTime"]) == ("s", THEIRS.renewed)
    assert live["spec"]["holderIdentity"] == "x"


@pytest.mark.parametrize(
    ("lease", "break_holder", "unchanged", "verdict"),
    [
        pytest.param(Lease(), "", 0, FREE, id="never held"),
        pytest.param(Lease("", 3), "run-9", 0, FREE, id="given back, whatever name is to be broken"),
        pytest.param(Lease("me", 3), "", 99, OURS, id="ours"),
        pytest.param(Lease("me", 3), "run-1", 0, OURS, id="ours, whatever name is to be broken"),
        pytest.param(THEIRS, "", 0, HELD, id="just seen"),
        pytest.param(THEIRS, "", 59.9, HELD, id="not yet"),
        pytest.param(THEIRS, "", 60, EXPIRED, id="its own duration counts"),
        pytest.param(THEIRS, "run-1", 0, BROKEN, id="broken by name"),
        pytest.param(THEIRS, "run-2", 0, MISNAMED, id="broken by a wrong name"),
        pytest.param(THEIRS, "run-2", 99, MISNAMED, id="a wrong name, though it is expired"),
    ],
)
def test_what_may_be_done(lease, break_holder, unchanged, verdict):
    assert decide(lease, "me", break_holder, unchanged) == verdict


def test_the_times_decide_nothing():
    """The decision is the same if a clock is wrong by a day or by thirty years."""
    for time in ("2026-11-20T12:00:00.000000Z", "2026-11-22T12:00:00.000000Z", "1996-01-01T00:00:00.000000Z", "", "nonsense"):
        lease = Lease("run-1", 3, 60, time, time)
        assert [decide(lease, "me", "", unchanged) for unchanged in (0, 59, 60)] == [HELD, HELD, EXPIRED]


@pytest.mark.parametrize(
    ("lease", "at_least", "epoch"),
    [
        pytest.param(Lease(), 0, 1, id="the first is 1, so that none is less"),
        pytest.param(Lease("", 3), 0, 4, id="after it was given back"),
        pytest.param(THEIRS, 0, 4, id="taken over"),
        pytest.param(Lease("me", 3), 0, 3, id="ours stays"),
        pytest.param(Lease("me", 3), 3, 3, id="ours was seen at work"),
        pytest.param(Lease(), 7, 8, id="the Lease was removed"),
        pytest.param(Lease("me", 1), 7, 8, id="the Lease was removed, and taken without looking"),
    ],
)
def test_the_epoch_only_grows(lease, at_least, epoch):
    assert lease.taken("me", 60, "now", at_least).epoch == epoch


def test_sentences_say_where_who_when_and_what_to_do():
    for sentence in (
        str(leases.held_by_another("east", "shop", THEIRS, alive=True)),
        str(leases.held_by_another("east", "shop", THEIRS, alive=False)),
        str(leases.misnamed("east", "shop", THEIRS, "run-2")),
        str(leases.lost("east", "shop", THEIRS, "me", 2)),
    ):
        assert sentence.startswith("east: the Lease of mesh shop")
        assert all(part in sentence for part in ("run-1", "2026-11-21T12:00:00", "rotate_break_lease or cutover_break_lease", "epoch 3"))
    assert "nobody holds it now" in str(leases.lost("east", "shop", Lease("", 3), "me", 3))


@pytest.mark.parametrize("mesh", ["", "a/b", "..", "Shop"])
def test_a_mesh_is_named_by_a_label(mesh):
    with pytest.raises(Refused, match="is not a DNS label"):
        leases.ref(mesh, "meshops-system")
