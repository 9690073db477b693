# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contestants: for each, the files that it needs and the commands that are timed."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from .workload import Manifest, first_of_each, needed

Commands = list[list[str]]
ENGINE, OURS, STARTUP, PING = "ours-engine", "ours", "startup", "ping"
IDLE = (STARTUP, PING)
OWN = (ENGINE, OURS, *IDLE)
KUBECTL, SERVER_SIDE, HELM, ISTIOCTL, ONE_TASK, LOOP = "kubectl", "kubectl-ssa", "helm", "istioctl", "k8s-one-task", "k8s-loop"
CRYPTO, STORED, PROXY_CONFIG = "community-crypto", "community-crypto-stored", "proxy-config"
STATUS, TASKS, STEP = "ours-status", "tasks", "ours-step"
RELEASE = "bench"
ISTIO_PROFILE = ("--set=profile=minimal",)
ENGINE_PROGRAM = Path(__file__).with_name("engine.py").resolve()
SITE = Path(__file__).resolve().parents[3] / "playbooks" / "site.yml"


@dataclass(frozen=True)
class Scene:
    """The surroundings of a contestant: a folder of its own, a cluster, its manifests. With `force` it takes fields that others own.

    `fleet`: contexts of many clusters instead, which all get the same; `forks` is how many of them one playbook works on at once.
    `of_each`: of how many objects of each kind a sample consists.
    """

    folder: Path
    kubeconfig: Path
    context: str
    objects: list[Manifest]
    crds: list[Manifest]
    force: bool = False
    wait: bool = False
    fleet: tuple[str, ...] = ()
    forks: int = 10
    of_each: int = 1

    @property
    def chosen(self) -> list[Manifest]:
        return first_of_each(self.objects, self.of_each)

    @property
    def sample(self) -> list[Manifest]:
        return needed(self.chosen, self.crds) + self.chosen

    def write(self, name: str, content: Any) -> Path:
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
        text = yaml.dump_all(content, Dumper=dumper, sort_keys=False) if name.endswith(".yaml") else json.dumps(content, indent=1)
        file.write_text(text, encoding="utf-8")
        return file


@dataclass(frozen=True)
class Contestant:
    """`sampled`: run over a few objects and scaled up to all of them. `alone`: takes part in one workload only, which mostly has its commands."""

    title: str
    commands: Callable[[Scene], Commands]
    sampled: bool = False
    alone: bool = False


def _login(scene: Scene) -> dict[str, str]:
    return {"kubeconfig": str(scene.kubeconfig), "context": "{{ inventory_hostname }}" if scene.fleet else scene.context}


def playbook(scene: Scene, tasks: Sequence[Mapping[str, Any]]) -> Commands:
    interpreter = {"ansible_python_interpreter": "{{ ansible_playbook_python }}"}
    hosts = "all" if scene.fleet else "localhost"
    play = {"hosts": hosts, "connection": "local", "gather_facts": False, "vars": interpreter, "tasks": list(tasks)}
    program = str(Path(sys.executable).with_name("ansible-playbook"))
    inventory = [f"--inventory={scene.write('hosts.json', {'all': {'hosts': dict.fromkeys(scene.fleet)}})}", f"--forks={scene.forks}"] if scene.fleet else []
    return [[program, *inventory, str(scene.write("play.json", [play]))]]


def _options(scene: Scene) -> dict[str, Any]:
    return {**_login(scene), "wait": scene.wait, "force": scene.force}


def _engine(scene: Scene) -> Commands:
    params = {**_options(scene), "state": "present", "wait_timeout": 300, "manifests": scene.crds + scene.objects}
    content = {"contexts": scene.fleet or [scene.context], "params": params}
    return [[sys.executable, str(ENGINE_PROGRAM), str(scene.write("params.json", content))]]


def _ours(scene: Scene) -> Commands:
    """mesh_config with a YAML file, as kubectl gets one."""
    file = str(scene.write("all.yaml", scene.crds + scene.objects))
    return playbook(scene, [{"name": "Bring the set", "meshops.lifecycle.mesh_config": {**_options(scene), "src": [file]}}])


def _step(scene: Scene) -> Commands:
    """Write objects as the playbook site does for a control plane: select the clusters, register a plan for each, and include the step of the role."""
    clusters, site = yaml.safe_load(SITE.read_text(encoding="utf-8"))
    plan = {"refusals": [], "stages": [{"name": "objects", "healthy": False, "manifests": scene.crds + scene.objects, "wait_for": []}]}
    registered = {"that": True, "quiet": True, "success_msg": f"{{{{ lookup('ansible.builtin.file', '{scene.write('plan.json', plan)}') }}}}"}
    step = {"name": "meshops.lifecycle.control_plane", "tasks_from": "manifests"}
    tasks = [
        {"name": "Plan the stages", "ansible.builtin.assert": registered, "register": "__control_plane_judged"},
        {"name": "Take the stage", "ansible.builtin.include_role": step, "vars": {"__control_plane_stage": "{{ __control_plane_planned.stages[0] }}"}},
    ]
    first = {**clusters, "ansible.builtin.import_playbook": "meshops.lifecycle.clusters"}
    kube = {"kubeconfig": str(scene.kubeconfig), "context": "{{ inventory_hostname }}"}
    hosts = {name: {"mesh_name": "bench", "mesh_network": "bench", "mesh_kube": kube} for name in scene.fleet or (scene.context,)}
    inventory = scene.write("hosts.json", {"all": {"hosts": hosts}})
    program = str(Path(sys.executable).with_name("ansible-playbook"))
    return [[program, f"--inventory={inventory}", f"--forks={scene.forks}", str(scene.write("step.json", [first, {**site, "tasks": tasks}]))]]


def _startup(scene: Scene) -> Commands:
    return playbook(scene, [{"name": "Nothing", "ansible.builtin.meta": "noop"}])


def _ping(scene: Scene) -> Commands:
    return playbook(scene, [{"name": "Next to nothing", "ansible.builtin.ping": {}}])


def _kubectl(scene: Scene, options: list[str]) -> Commands:
    """kubectl apply. Without nodes nothing rolls out, so it waits only for CRDs, which kubectl needs before it can apply their objects."""
    run = ["kubectl", f"--kubeconfig={scene.kubeconfig}", f"--context={scene.context}"]
    objects = ["apply", *options, "-f", str(scene.write("objects.yaml", scene.objects))]
    if not scene.crds:
        return [[*run, *objects]]
    crds = str(scene.write("crds.yaml", scene.crds))
    return [[*run, "apply", *options, "-f", crds], [*run, "wait", "--for=condition=Established", "--timeout=60s", "-f", crds], [*run, *objects]]


def _server_side(scene: Scene) -> Commands:
    return _kubectl(scene, ["--server-side", *(["--force-conflicts"] if scene.force else [])])


def _helm(scene: Scene) -> Commands:
    """Helm with a chart whose templates are the plain manifests, so that rendering costs almost nothing."""
    (scene.folder / "chart").mkdir(parents=True, exist_ok=True)
    (scene.folder / "chart" / "Chart.yaml").write_text(f"apiVersion: v2\nname: {RELEASE}\nversion: 1.0.0\n", encoding="utf-8")
    scene.write("chart/templates/objects.yaml", scene.objects)
    if scene.crds:
        scene.write("chart/crds/crds.yaml", scene.crds)
    return [["helm", "upgrade", "--install", RELEASE, str(scene.folder / "chart"), f"--kubeconfig={scene.kubeconfig}",
             f"--kube-context={scene.context}", "--namespace=default"]]


def _istioctl(scene: Scene) -> Commands:
    """istioctl, one cluster after the other, because it cannot do several."""
    run = ["istioctl", "install", "--skip-confirmation", *ISTIO_PROFILE, f"--kubeconfig={scene.kubeconfig}"]
    return [[*run, f"--context={context}"] for context in scene.fleet or (scene.context,)]


def _one_task(scene: Scene) -> Commands:
    def task(name: str, content: list[Manifest], **more: Any) -> dict[str, Any]:
        return {"name": name, "kubernetes.core.k8s": {**_login(scene), "src": str(scene.write(f"{name}.yaml", content)), **more}}

    established = {"wait": True, "wait_condition": {"type": "Established", "status": "True"}}
    first = [task("crds", scene.crds, **established)] if scene.crds else []
    return playbook(scene, [*first, task("objects", scene.objects)])


def _loop(scene: Scene) -> Commands:
    task = {"name": "Each", "kubernetes.core.k8s": {**_login(scene), "definition": "{{ item }}"}}
    label = {"label": "{{ item.kind }}"}
    return playbook(scene, [{**task, "loop": scene.sample, "loop_control": label}])


def _elsewhere(scene: Scene) -> Commands:
    raise LookupError("Whoever takes part in one workload only gets its commands there.")


CONTESTANTS: Mapping[str, Contestant] = {
    ENGINE: Contestant("meshops.lifecycle, engine (inside the module)", _engine),
    OURS: Contestant("meshops.lifecycle.mesh_config, whole ansible-playbook", _ours),
    STEP: Contestant("the same in the step of meshops.lifecycle.site, whole ansible-playbook", _step, alone=True),
    KUBECTL: Contestant("kubectl apply", lambda scene: _kubectl(scene, [])),
    SERVER_SIDE: Contestant("kubectl apply --server-side", _server_side),
    HELM: Contestant("helm upgrade", _helm),
    ISTIOCTL: Contestant("istioctl install", _istioctl),
    ONE_TASK: Contestant("kubernetes.core.k8s, one task, whole ansible-playbook", _one_task),
    LOOP: Contestant("kubernetes.core.k8s, loop, whole ansible-playbook", _loop, sampled=True),
    CRYPTO: Contestant("community.crypto, three tasks in loops, whole ansible-playbook", _elsewhere, alone=True),
    STORED: Contestant("the same, and a loop of kubernetes.core.k8s that stores them", _elsewhere, alone=True),
    PROXY_CONFIG: Contestant("istioctl proxy-config secret, one pod after the other", _elsewhere, alone=True),
    STATUS: Contestant("meshops.lifecycle.status, whole ansible-playbook", _elsewhere, alone=True),
    TASKS: Contestant("for comparison: as many ansible.builtin.debug tasks as site has", _elsewhere, alone=True),
    STARTUP: Contestant("for comparison: ansible-playbook without a task", _startup),
    PING: Contestant("for comparison: ansible-playbook with ansible.builtin.ping", _ping),
}
