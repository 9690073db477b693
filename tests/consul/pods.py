# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run the containers of our pod templates as processes of this machine, without Kubernetes: with the commands, files and variables of the manifests.

A pod has an address of its own in 127.0.0.0/8, which stands for its loopback address too. Its volumes are directories, and paths below /consul lead to them.
"""

from __future__ import annotations

import base64
import os
import re
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Object = Mapping[str, Any]
Find = Callable[[str, str], Object]  # kind and name to the live object
_VARIABLE = re.compile(r"\$\((\w+)\)")


@dataclass(frozen=True)
class Node:
    """Where pods run. `folder` holds what outlives them, and `binaries` are the folders of the programs of their images."""

    name: str
    address: str
    folder: Path
    binaries: Sequence[Path]


@dataclass
class Pod:
    """One pod. `there` says what stands for names that only a cluster resolves."""

    name: str
    address: str
    template: Object
    find: Find
    folder: Path
    node: Node
    there: Mapping[str, str] = field(default_factory=dict)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def spec(self) -> Object:
        return self.template["spec"]

    def start(self) -> None:
        """Make the volumes, run the init containers to their end, and start the others."""
        self._make_volumes()
        for container in self.spec.get("initContainers", ()):
            process = self._run(container)
            assert process.wait(120) == 0, f"{self.name}: {container['name']}: {self.log(container['name'])[-2000:]}"
        for container in self.spec["containers"]:
            self.processes[container["name"]] = self._run(container)

    def end(self, signal: str = "terminate") -> None:
        for process in self.processes.values():
            getattr(process, signal)()
        for process in self.processes.values():
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(20)
        self.processes.clear()

    def log(self, container: str) -> str:
        file = self.folder / f"{container}.log"
        return file.read_text(errors="replace") if file.exists() else ""

    def succeeds(self, probe: Object) -> bool:
        """Whether the command of an exec probe succeeds now."""
        done = subprocess.run([self._said(word) for word in probe["exec"]["command"]], env=self._environment({}), capture_output=True, check=False, timeout=20)
        return done.returncode == 0

    def _make_volumes(self) -> None:
        mounts = {mount["name"]: mount for container in self._containers() for mount in container.get("volumeMounts", ())}
        known = {volume["name"]: volume for volume in self.spec.get("volumes", ())}
        for name, mount in mounts.items():
            place = Path(self._place(mount["mountPath"]))
            place.parent.mkdir(parents=True, exist_ok=True)
            self._fill(known.get(name, {}), place)

    def _containers(self) -> list[Object]:
        return [*self.spec.get("initContainers", ()), *self.spec["containers"]]

    def _fill(self, volume: Object, place: Path) -> None:
        """A volume that nobody describes is a claim of the StatefulSet. It outlives the pod, as a directory of the node does."""
        if "hostPath" in volume or not set(volume) & {"secret", "configMap", "emptyDir"}:
            lasting = self.node.folder / self.name / place.name
            lasting.mkdir(parents=True, exist_ok=True)
            if not place.is_symlink():
                place.symlink_to(lasting)
            return
        place.mkdir(parents=True, exist_ok=True)
        for name, content in self._content(volume).items():
            (place / name).write_bytes(content)

    def _content(self, volume: Object) -> dict[str, bytes]:
        if "secret" in volume:
            wanted = volume["secret"]
            data = {key: base64.b64decode(value) for key, value in (self.find("Secret", wanted["secretName"]).get("data") or {}).items()}
        elif "configMap" in volume:
            wanted = volume["configMap"]
            data = {key: self._said(text).encode() for key, text in self.find("ConfigMap", wanted["name"])["data"].items()}
        else:
            return {}
        return {item["path"]: data[item["key"]] for item in wanted["items"]} if wanted.get("items") else data

    def _run(self, container: Object) -> subprocess.Popen[bytes]:
        values = self._environment({entry["name"]: self._value(entry) for entry in container.get("env", ())})
        words = [*container.get("command", ()), *container.get("args", ())]
        command = [self._said(_VARIABLE.sub(lambda match: values[match[1]], word)) for word in words]
        with (self.folder / f"{container['name']}.log").open("ab") as log:
            return subprocess.Popen(command, env=values, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def _environment(self, own: Mapping[str, str]) -> dict[str, str]:
        path = os.pathsep.join([*map(str, self.node.binaries), os.environ.get("PATH", os.defpath)])
        known = {"PATH": path, "HOME": str(self.folder)}
        for name, value in own.items():
            known[name] = self._said(_VARIABLE.sub(lambda match: known.get(match[1], match[0]), value))
        return known

    def _value(self, entry: Object) -> str:
        given = entry.get("valueFrom")
        if not given:
            return str(entry.get("value", ""))
        if "secretKeyRef" in given:
            return base64.b64decode(self.find("Secret", given["secretKeyRef"]["name"])["data"][given["secretKeyRef"]["key"]]).decode()
        known = {"metadata.name": self.name, "status.podIP": self.address, "status.hostIP": self.node.address, "spec.nodeName": self.node.name}
        return known[given["fieldRef"]["fieldPath"]]

    def _said(self, text: str) -> str:
        """A text of the manifests, as it reads here."""
        for name, stands_for in (*self.there.items(), ("127.0.0.1", self.address), ("0.0.0.0", self.address)):
            text = text.replace(name, stands_for)
        return text.replace("/consul/", f"{self.folder}/consul/")

    def _place(self, path: str) -> str:
        return f"{self.folder}{path}"
