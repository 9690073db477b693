# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path

import yaml
from meshbench.fleets import kubeconfig, spread
from meshbench.istio import HASH, ready_replica_set
from meshbench.pushes import counted, settled
from meshlab.apionly import ApiServer


def server(place: Path, name: str) -> ApiServer:
    (place / name / "pki").mkdir(parents=True)
    for file in ("ca.crt", "admin.crt", "admin.key"):
        (place / name / "pki" / file).write_text(name)
    return ApiServer(place / name / "kubeconfig", name, f"https://127.0.0.1/{name}", place / "audit.log", place / name)


def test_clusters_are_spread_evenly_and_each_is_a_context_of_its_own(tmp_path: Path) -> None:
    servers = [server(tmp_path, "one"), server(tmp_path, "two")]
    names = kubeconfig(tmp_path / "all", spread(servers, 4))
    content = yaml.safe_load((tmp_path / "all").read_text())
    assert names == ("c01", "c02", "c03", "c04") == tuple(context["name"] for context in content["contexts"])
    assert [cluster["cluster"]["server"].rpartition("/")[2] for cluster in content["clusters"]] == ["one", "two", "one", "two"]


def test_far_clusters_have_ports_of_their_own(tmp_path: Path) -> None:
    one = server(tmp_path, "one")
    kubeconfig(tmp_path / "all", [one, one], [1001, 1002])
    urls = [cluster["cluster"]["server"] for cluster in yaml.safe_load((tmp_path / "all").read_text())["clusters"]]
    assert urls == ["https://127.0.0.1:1001", "https://127.0.0.1:1002"]


def test_a_replica_set_stands_for_the_pods_of_a_deployment_without_changing_it() -> None:
    spec = {"replicas": 1, "selector": {"matchLabels": {"app": "a"}}, "template": {"metadata": {"labels": {"app": "a"}}, "spec": {"containers": []}}}
    deployment = {"metadata": {"name": "istiod", "namespace": "istio-system", "uid": "1"}, "spec": spec}
    made = ready_replica_set(deployment)
    assert made["spec"]["selector"]["matchLabels"] == {"app": "a", **HASH} == made["spec"]["template"]["metadata"]["labels"]
    assert made["metadata"]["ownerReferences"][0]["uid"] == "1" and spec["template"]["metadata"]["labels"] == {"app": "a"}


def test_pushes_are_read_from_the_metrics() -> None:
    name = "pilot_pushcontext_init_seconds"
    text = f'# TYPE {name} histogram\n{name}_bucket{{le="+Inf"}} 7\n{name}_sum 0.1\n{name}_count 7\n'
    assert counted(text) == 7 and counted("") == 0


def test_pushes_are_counted_once_they_stand_still() -> None:
    numbers = iter([1, 2, 4, 4])
    assert settled(lambda: next(numbers), quiet=0) == 4
