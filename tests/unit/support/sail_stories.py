# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An install by the Sail operator from beginning to end while a stand-in plays it, on the API server in memory and on a real one.

A test class inherits from it and gives the fixture `admin`: a cluster that serves the operator's kinds and Istio's, whose writes are not counted. Time
passes only while a run waits, and the stand-in takes its turn then.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._kube.cluster import Cluster
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.errors import Refused
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.stage import Stage
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.install.wish import ControlPlane
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.change import Ref
from ansible_collections.meshops.lifecycle.plugins.module_utils._mesh.objects.condition import Condition, verdict
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.ossm3 import OSSM3
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.install.due import complete
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.install.stage_refusals import refusals
from ansible_collections.meshops.lifecycle.plugins.module_utils._work.look import look

from . import sail
from .contract import as_somebody_else
from .operator_stories import Counted, Killed
from .sail_operator import SailOperator
from .ticking import Ticking

WISH = ControlPlane("east", "shop", provider="ossm3", network="lan", version="v1.30.2", revision="stable", tags=("default",), namespace=sail.SPACE,
                    platform="openshift")
BASED = replace(WISH, revision="main-v1-30-2", tags=("default",))
_KINDS = ("Istio", "IstioRevisionTag", "IstioCNI", "IstioRevision")
_GATEWAY = Ref("apps/v1", "Deployment", "istio-eastwestgateway", sail.SPACE)


def run(cluster: Cluster, operator: SailOperator, wish: ControlPlane, absent: bool = False) -> None:
    """As the roles do it: each stage's objects, then what has to hold, then what it looks at; backwards it looks first."""
    for stage in OSSM3.install.teardown(wish) if absent else OSSM3.install.stages(wish):
        if absent:
            _look(cluster, operator, stage)
            cluster.delete([Ref.of(one) for one in stage.manifests])
        elif stage.manifests:
            cluster.apply(list(stage.manifests))
        _wait(cluster, operator, stage)
        if not absent:
            _look(cluster, operator, stage)


def _look(cluster: Cluster, operator: SailOperator, stage: Stage) -> None:
    if stage.then:
        complete(cluster, stage.then, 60, Ticking(operator.turn))


def _wait(cluster: Cluster, operator: SailOperator, stage: Stage) -> None:
    for _turn in range(20):
        late = [said for one in stage.ready if one.ref != _GATEWAY and (said := _lacking(cluster, one))]
        if not late:
            return
        operator.turn()
    raise AssertionError(f"{stage.name}: {late}")


def _lacking(cluster: Cluster, condition: Condition) -> str | None:
    """Nobody runs the gateway's pods here."""
    return verdict(condition, cluster.get(condition.ref))


def standing(cluster: Cluster) -> dict[str, Any]:
    """What there is of the operator, without what a server counts."""
    return {f"{kind} {one['metadata']['name']}": one["spec"] for kind in _KINDS for one in cluster.list(sail.API, kind)}


class SailStories:
    """Each test begins without a mesh."""

    @pytest.fixture
    def operator(self, admin: Cluster) -> SailOperator:
        self.swept(admin)
        return SailOperator(admin)

    @staticmethod
    def swept(admin: Cluster) -> None:
        for kind in _KINDS:
            admin.delete([Ref.of(one) for one in admin.list(sail.API, kind)])
        for kind in ("Deployment", "DaemonSet"):
            admin.delete([Ref.of(one) for space in (sail.SPACE, "istio-cni") for one in admin.list("apps/v1", kind, space)])
        admin.delete([Ref("v1", "Service", "istio-eastwestgateway", sail.SPACE), Ref("v1", "Pod", "web-1", "default")])

    @pytest.mark.parametrize("wish", [WISH, BASED], ids=["in place", "revision based"])
    def test_from_nothing_to_a_mesh_and_again(self, admin: Cluster, operator: SailOperator, wish: ControlPlane) -> None:
        run(admin, operator, wish)
        there = standing(admin)
        assert sorted(there) == [
            f"Istio {'stable' if wish is WISH else 'main'}", "IstioCNI default", f"IstioRevision {wish.revision}", "IstioRevisionTag default",
        ]  # fmt: skip
        assert there["IstioRevisionTag default"] == {"targetRef": {"kind": "IstioRevision", "name": wish.revision}}
        again = Counted.of(admin)
        run(again, operator, wish)
        assert again.writes == []
        assert refusals(admin, vars(wish)) == []

    def test_an_upgrade_in_place_waits_for_the_new_istiod(self, admin: Cluster, operator: SailOperator) -> None:
        """Right after the change the Istio says that it is ready in its newest generation: it repeats what its revision said before."""
        run(admin, operator, WISH)
        newer = replace(WISH, version="v1.30.3")
        (stage,) = [one for one in OSSM3.install.stages(newer) if one.name == "revision"]
        admin.apply(list(stage.manifests))
        operator._istio(admin.get(Ref(sail.API, "Istio", "stable")) or {})
        live = admin.get(Ref(sail.API, "Istio", "stable")) or {}
        assert verdict(Condition(Ref.of(live), "condition"), live) is None, "the trap"
        assert stage.then
        assert "IstioRevision stable has not been judged" in look(admin, stage.then).fault
        run(admin, operator, newer)
        deployment = admin.get(Ref("apps/v1", "Deployment", "istiod-stable", sail.SPACE)) or {}
        assert deployment["metadata"]["labels"]["version"] == "v1.30.3"

    @pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
    @pytest.mark.parametrize("absent", [False, True], ids=["install", "teardown"])
    def test_a_run_that_was_killed_at_any_write_is_finished_by_the_next(self, admin: Cluster, operator: SailOperator, after: bool, absent: bool) -> None:
        if absent:
            run(admin, operator, BASED)
        kills = 0
        while True:
            cluster = Counted.of(admin)
            cluster.kill = (0 if after else kills, after)
            try:
                run(cluster, operator, BASED, absent)
                break
            except Killed:
                kills += 1
            assert kills < 40, "a run that is killed again and again gets on only after its write"
            if not after:
                run(Counted.of(admin), operator, BASED, absent)
                break
        run(admin, operator, BASED, absent)
        operator.turn()
        assert kills >= (3 if after and not absent else 1), "objects of one stage are removed at once, so few kills reach a teardown"
        assert (sorted(standing(admin)) == []) is absent
        again = Counted.of(admin)
        run(again, operator, BASED, absent)
        assert again.writes == []

    def test_a_version_that_the_operator_gives_up_ends_the_run_with_its_reason_and_another_one_mends_it(self, admin: Cluster, operator: SailOperator) -> None:
        with pytest.raises(Refused, match=r"^east: the operator gives up Istio stable: validation error: version .v1\.27\.0. is end-of-life"):
            run(admin, operator, replace(WISH, version="v1.27.0"))
        assert refusals(admin, vars(WISH)) == [], "what is wrong with another version refuses nothing"
        run(admin, operator, WISH)

    def test_an_istio_in_use_does_not_go(self, admin: Cluster, operator: SailOperator) -> None:
        run(admin, operator, WISH)
        meta = {"name": "web-1", "namespace": "default", "annotations": {"istio.io/rev": "stable"}}
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": {"containers": [{"name": "web", "image": "web:1"}]}}
        as_somebody_else(admin, pod)
        cluster = Counted.of(admin)
        with pytest.raises(Refused, match="^east: Istio stable is in use, and the operator would delete it at once: default/web-1 has its proxy"):
            run(cluster, operator, WISH, absent=True)
        assert cluster.writes == []
        assert [said for said in refusals(admin, vars(WISH), absent=True) if "is in use" in said]
        admin.delete([Ref.of(pod)], wait=10)
        run(admin, operator, WISH, absent=True)
        assert standing(admin) == {}

    def test_a_teardown_takes_what_a_cutover_has_left_beside(self, admin: Cluster, operator: SailOperator) -> None:
        run(admin, operator, WISH)
        run(admin, operator, replace(WISH, version="v1.30.3", revision="1-30-3", tags=()))
        run(admin, operator, WISH, absent=True)
        assert standing(admin) == {}

    def test_another_version_with_a_tag_that_names_the_istio_is_refused_before_the_first_write(self, admin: Cluster, operator: SailOperator) -> None:
        run(admin, operator, replace(BASED, tags=()))
        as_somebody_else(admin, {key: part for key, part in sail.tag(target="main", kind="Istio").items() if key not in ("status",)})
        for _turn in range(4):
            operator.turn()
        newer, cluster = replace(BASED, version="v1.30.3", revision="main-v1-30-3", tags=()), Counted.of(admin)
        with pytest.raises(Refused, match="^east: IstioRevisionTag default follows Istio main, so every new pod would get main-v1-30-3 at once"):
            run(cluster, operator, newer)
        assert cluster.writes == []

    def test_an_istio_that_a_cutover_turned_may_be_turned_again_by_an_install(self, admin: Cluster, operator: SailOperator) -> None:
        """A patch and an apply of ours are two managers for the API server, and no conflict."""
        run(admin, operator, replace(BASED, tags=()))
        admin.amend(admin.get(Ref(sail.API, "Istio", "main")) or {}, {"spec": {"version": "v1.30.3"}})
        for _turn in range(4):
            operator.turn()
        assert {"IstioRevision main-v1-30-2", "IstioRevision main-v1-30-3"} <= set(standing(admin))
        run(admin, operator, replace(BASED, tags=()))
        assert standing(admin)["Istio main"]["version"] == "v1.30.2"

    def test_a_revision_that_its_istio_left_is_not_collected_while_the_run_needs_it(self, admin: Cluster, operator: SailOperator) -> None:
        run(admin, operator, replace(BASED, tags=()))
        run(admin, operator, replace(BASED, version="v1.30.3", revision="main-v1-30-3", tags=()))
        for seconds in (0.0, 31.0, 3600.0):
            operator.turn(seconds)
        assert {"IstioRevision main-v1-30-2", "IstioRevision main-v1-30-3"} <= set(standing(admin))
        live = admin.get(Ref(sail.API, "Istio", "main")) or {}
        admin.amend(live, {"spec": {"updateStrategy": {"inactiveRevisionDeletionGracePeriodSeconds": None}}})
        operator.turn(3700.0)
        assert "IstioRevision main-v1-30-2" not in standing(admin), "without the grace it is gone after half a minute"
