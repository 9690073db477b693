# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for helm while a stub cluster is filled: the real helm renders, and the stub stores what helm would have installed."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
import urllib.request
from pathlib import Path

import yaml


def main(words: list[str]) -> int:
    real = os.environ["STUB_HELM"]
    if words[0] not in ("upgrade", "install", "list", "get", "status"):
        os.execv(real, [real, *words])
    if words[0] == "upgrade":
        _install(real, words[1:])
    print("[]" if words[0] == "list" else "null")
    return 0


def _install(real: str, words: list[str]) -> None:
    plain = [word for word in words if not word.startswith("-") and not word.endswith((".yml", ".yaml"))]
    release, chart = plain[0], plain[1]
    files = [word.partition("=")[2] for word in words if word.startswith(("--values=", "-f="))]
    space = next((word.partition("=")[2] for word in words if word.startswith(("--namespace=", "-n="))), "istio-system")
    values = [yaml.safe_load(Path(file).read_text(encoding="utf-8")) or {} for file in files]
    rendered = _told([real, "template", release, chart, f"--namespace={space}", "--include-crds", *(f"--values={file}" for file in files)])
    told = {"cluster": os.environ["HELM_KUBECONTEXT"], "release": release, "namespace": space, "values": values[0] if values else {},
            "chart": yaml.safe_load(_told([real, "show", "chart", chart])),
            "objects": [one for one in yaml.safe_load_all(rendered) if one]}
    for one in told["objects"]:
        if "namespace" not in one["metadata"] and one["kind"] in ("Deployment", "Service", "ServiceAccount", "ConfigMap", "Role", "RoleBinding", "Secret"):
            one["metadata"]["namespace"] = space
    request = urllib.request.Request(f"{os.environ['STUB_URL']}/_/install", json.dumps(told).encode(), method="POST")
    with urllib.request.urlopen(request, context=ssl._create_unverified_context()) as answer:
        answer.read()


def _told(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
