# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the surveys ask, and the steps of the workflows. All that argument specs say of a question is not here.

An answer overrides the inventory, for all clusters at once. So a survey asks only what belongs to one run, and never what a
role reads from the inventory.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Ask:
    """A question for an option of a role. `variable` takes the answer if that is not the option itself."""

    role: str
    option: str
    required: bool = False
    variable: str = ""


@dataclass(frozen=True)
class Run:
    """A node that runs a job template. It gives the template's own survey the answers in `extra`."""

    identifier: str
    template: str
    extra: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Approve:
    """A node that waits for a person. `reads` says what to read before."""

    identifier: str
    text: str
    reads: str


@dataclass(frozen=True)
class Workflow:
    description: str
    asks: Sequence[Ask]
    steps: Sequence[Run | Approve]


READS = ("lint", "preflight", "report", "status")  # playbooks that write nothing to a cluster have no twin in check mode
REPORT = "mesh: certificates"

_TRAFFIC = Ask("verify", "verify_traffic")
# Not rotate_kind: a workflow hands its answers to every node, and the report of certificates fixes rotate_kind.
_KIND = Ask("rotate", "rotate_kind", required=True, variable="rotate")
_TO = Ask("cutover", "cutover_to", required=True)
_TEARDOWN = (Ask("teardown", "teardown_confirm", required=True), *(Ask("teardown", f"teardown_{name}") for name in ("config", "data", "root")))
_ROTATE = (
    _KIND,
    *(Ask("rotate", f"rotate_{name}") for name in ("rollback", "recover", "exclude", "exclude_acknowledged", "unseen_acknowledged", "break_lease")),
)

SURVEYS: Mapping[str, Sequence[Ask]] = {
    "site": (_TRAFFIC,),
    "verify": (_TRAFFIC,),
    "rotate": _ROTATE,
    REPORT: (Ask("rotate", "rotate_report_threshold"),),
    "cutover": (
        _TO,
        *(Ask("cutover", f"cutover_{name}") for name in ("from", "plane", "only", "skip", "gateways", "retire", "approved", "break_lease")),
    ),
    "lint": tuple(Ask("lint", f"lint_{name}") for name in ("src", "beside", "crds", "live", "offline", "skip", "fail_on")),
    "operator": tuple(Ask("operator", f"operator_{name}") for name in ("state", "remove_operands", "remove_crds")),
    "restore": (
        Ask("backup", "backup_file", required=True),
        Ask("backup", "backup_confirm", required=True),
        Ask("backup", "backup_other_ca"),
        Ask("backup", "backup_break_lease"),
    ),
    "teardown": _TEARDOWN,
}

WORKFLOWS: Mapping[str, Workflow] = {
    "mesh: install": Workflow(
        "Check the clusters, show what would change, and after an approval bring up the meshes and verify them",
        (_TRAFFIC,),
        (
            Run("preflight", "mesh: preflight"),
            Run("check", "mesh: site, check"),
            Approve(
                "approve",
                "mesh: approve the install",
                "Read mesh_install among the artifacts of the node check, and its output, which shows each object and each release "
                "that would change.",
            ),
            Run("site", "mesh: site"),
            Run("verify", "mesh: verify"),
        ),
    ),
    "mesh: rotate certificates": Workflow(
        "Show the plan of a rotation, and after an approval rotate and report what expires when",
        _ROTATE,
        (
            Run("plan", "mesh: rotate, check"),
            Approve(
                "approve",
                "mesh: approve the rotation",
                "Read mesh_rotation_plan among the artifacts of the node plan, or its output, which has the phase of each cluster and "
                "all steps.",
            ),
            Run("rotate", "mesh: rotate"),
            Run("report", REPORT),
        ),
    ),
    "mesh: upgrade": Workflow(
        "Show the plan of a cutover, after an approval move the workloads, and after another one remove the former revision",
        (_TO, Ask("cutover", "cutover_plane")),
        (
            Run("preflight", "mesh: preflight"),
            Run("plan", "mesh: cutover, check"),
            Approve(
                "approve",
                "mesh: approve the cutover",
                "Read mesh_cutover_plan among the artifacts of the node plan, or its output, which has the phase of each cluster and "
                "all steps.",
            ),
            Run("cutover", "mesh: cutover", {"cutover_retire": "false"}),
            Approve("approve_end", "mesh: approve the end of the former revision", "Read mesh_cutover among the artifacts of the node cutover."),
            Run("retire", "mesh: cutover", {"cutover_retire": "true", "cutover_approved": "true"}),
            Run("status", "mesh: status"),
        ),
    ),
    "mesh: remove": Workflow(
        "Show what a teardown would remove, and after an approval remove a mesh",
        _TEARDOWN,
        (
            Run("check", "mesh: teardown, check"),
            Approve("approve", "mesh: approve the teardown", "Read the output of the node check: it shows what would be removed."),
            Run("teardown", "mesh: teardown"),
        ),
    ),
}
