# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from pathlib import Path

import pytest
from meshlab import cgroups, node, pki, report, supervisor
from meshlab.plan import Plan

EAST, WEST, HOME = Plan("east", 1), Plan("west", 2), Path("/var/lib/meshlab/east")
V1 = """cgroup /sys/fs/cgroup/cpu cgroup rw,cpu 0 0
cgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0
cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0
proc /proc proc rw 0 0"""
V2 = "cgroup2 /sys/fs/cgroup cgroup2 rw,nsdelegate 0 0"


def test_every_program_waits_for_what_it_needs() -> None:
    listed = {program["name"]: program for program in node.programs(EAST, HOME, ["python3"], with_audit=False)}
    assert listed["etcd"]["after"] == "" and listed["kube-apiserver"]["after"] == node.ETCD
    assert listed["kubelet"]["after"] == "https://198.18.0.11:6443/readyz"
    assert not any("audit" in word for word in listed["kube-apiserver"]["argv"])


def test_the_audit_log_is_an_option() -> None:
    listed = {program["name"]: program for program in node.programs(EAST, HOME, ["python3"], with_audit=True)}
    assert f"--audit-log-path={HOME}/logs/audit.log" in listed["kube-apiserver"]["argv"]


def test_files_have_no_gap_left() -> None:
    files = node.files(EAST, HOME, "overlayfs")
    assert "cgroupRoot: /meshlab-east" in files["kubelet.yaml"] and "syncFrequency: 10s" in files["kubelet.yaml"]
    assert "restrict_oom_score_adj = true" in files["containerd.toml"]
    assert json.loads(files["cni-config/10-pods.conflist"])["plugins"][0]["ipam"]["ranges"] == [[{"subnet": "198.18.16.0/20"}]]


def test_no_way_leads_to_other_clusters_pods_unless_flat() -> None:
    apart, flat = (" ".join(word for command in node.network(EAST, others) for word in command) for others in ([], [WEST]))
    assert "default" not in apart and WEST.pods not in apart and "unreachable 198.18.0.0/15" in apart
    assert f"route add {WEST.pods} via {WEST.node}" in flat and f"-d {WEST.pods} -j RETURN" in flat


def test_pods_are_masked_last() -> None:
    assert node.network(EAST, [WEST])[-1][-1] == "MASQUERADE"


def test_both_versions_of_control_groups_are_read() -> None:
    assert [kind for _place, kind in cgroups.hierarchies(V1)] == ["cgroup", "cgroup", "cgroup2"]
    assert {"cpu", "memory"} <= cgroups.controllers(V1) and not cgroups.controllers(V2)
    assert cgroups.hierarchies(V2) == [(Path("/sys/fs/cgroup"), "cgroup2")]


def test_a_program_that_crashes_is_started_less_and_less_often() -> None:
    pauses = [supervisor.pause(restarts, 1) for restarts in range(8)]
    assert pauses == sorted(pauses) and pauses[0] == 0.5 and pauses[-1] == supervisor.LONGEST_PAUSE
    assert supervisor.pause(50, 3600) == 0.5


def test_nothing_listens_there() -> None:
    assert not supervisor.reachable("127.0.0.1:1") and not supervisor.reachable("https://127.0.0.1:1/readyz")


def test_certificates_suit_a_strict_client() -> None:
    text = pki.leaf_extensions(["serverAuth"], ["198.18.0.11"], ["east"])
    assert "authorityKeyIdentifier" in text and "subjectAltName = IP:198.18.0.11, DNS:east" in text
    assert "keyUsage" in pki.AUTHORITY
    assert "subjectAltName" not in pki.leaf_extensions(["clientAuth"], [], [])


def test_merged_kubeconfig_has_a_context_for_each_and_none_is_current(tmp_path: Path) -> None:
    for name in ("ca.crt", "admin.crt", "admin.key"):
        (tmp_path / name).write_text(name)
    text = pki.kubeconfig([("east", EAST.server, tmp_path, "admin"), ("west", WEST.server, tmp_path, "admin")])
    assert "current-context" not in text
    assert "- name: east\n  context:\n    cluster: east\n    user: admin@east\n- name: west\n" in text
    assert "current-context: east\n" in pki.kubeconfig([], "east")


@pytest.mark.parametrize(("status", "trouble"), [
    ({"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}, None),
    ({"phase": "Succeeded", "conditions": [{"type": "Ready", "status": "False"}]}, None),
    ({"phase": "Pending", "containerStatuses": [{"name": "c", "state": {"waiting": {"reason": "ErrImagePull"}}}]}, "c: ErrImagePull"),
    ({"phase": "Pending", "initContainerStatuses": [{"name": "i", "state": {"terminated": {"reason": "Error"}}}],
      "containerStatuses": [{"name": "c", "state": {"waiting": {"reason": "PodInitializing"}}}]}, "i: Error"),
    ({"phase": "Pending"}, "Pending"),
])
def test_why_a_pod_is_not_ready(status: dict[str, object], trouble: str | None) -> None:
    assert report.pod_trouble({"status": status}) == trouble
