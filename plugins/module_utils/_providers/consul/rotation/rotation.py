# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rotation of Connect's CA, which Consul drives: a PUT gives it another CA, it signs that with the former one, and proxies follow by themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...._mesh.objects.change import Ref
from ...._mesh.objects.look import Look
from ...._mesh.objects.shapes import Live
from ...._mesh.question import Answers, Question, Read
from ...._mesh.rotation.driven import Progress
from ...._mesh.rotation.trust_users import ControlPlaneDeployment
from ...._mesh.trust.certificate import Material
from .. import api
from ..names import CONNECT_CA, INTERMEDIATE_TTL, LEAF_TTL, SHARED, TOKENS, labelled, noted
from ..trust.trust import blocks, line
from . import proxies

_ROOTS, _CONFIGURATION = "/v1/connect/ca/roots", "/v1/connect/ca/configuration"
_SILENT = "no server of Consul said which CA it uses; check whether a server is ready"


def progress(namespace: str) -> Look[Progress]:
    """Ask a server for its CA, and each proxy for its certificates."""
    reads: list[Read | Ref] = [
        Read("apps/v1", "StatefulSet", namespace, labelled("server")),
        Read("v1", "Pod", namespace, labelled("server")),
        *proxies.reads(namespace),
        *(Ref("v1", "Secret", name, namespace) for name in (TOKENS, SHARED)),
    ]
    return Look(reads, _progress, _questions, further=proxies.further)


def _token(live: Live) -> str:
    return api.token(live, api.is_secondary(live))


def _questions(live: Live) -> list[Question]:
    asked = [api.get("roots", pod, _ROOTS, _token(live)) for pod in api.servers(live)[:1]]
    return [*asked, *proxies.questions(live)]


def _progress(live: Live, answers: Answers) -> Progress:
    """Return where Consul stands. Its active root is the line of CAs that it was given, up to the root.

    It keeps a former one listed for twice the lifetime of leaf certificates. Such a root is outgoing as soon as no proxy has a certificate of it.
    """
    said = api.mapped(api.only(answers, "roots")) or {}
    listed: Sequence[Mapping[str, Any]] = said.get("Roots") or []
    active = next((one for one in listed if one.get("Active")), {})
    lines = [blocks(str(one.get("RootCert") or "").encode()) for one in listed]
    own = blocks(str(active.get("RootCert") or "").encode())
    if not own:
        return Progress(fault=_SILENT)
    former = b"".join(dict.fromkeys(each[-1] for each in lines if each and each[-1] != own[-1]))
    users = tuple(proxies.users(live, answers, own[0], str(active.get("SigningKeyID") or "")))
    used = any(user.fault or user.behind for user in users)
    planes = tuple(map(_plane, live.get("StatefulSet", ())))
    return Progress(own[0], b"".join(own), own[-1] + (former if used else b""), users, planes, outgoing=b"" if used else former)


def _plane(workload: Mapping[str, Any]) -> ControlPlaneDeployment:
    """Return the servers, which take another CA without a restart."""
    image = str(workload["spec"]["template"]["spec"]["containers"][0]["image"])
    wanted, ready = int(workload["spec"].get("replicas") or 0), int((workload.get("status") or {}).get("readyReplicas") or 0)
    return ControlPlaneDeployment(str(workload["metadata"]["name"]), "", image.rpartition(":")[2], wanted, ready, online=True)


def order(live: Live, namespace: str, material: Material) -> Question:
    """Return the request that gives Consul the CA. The lifetimes come along, because Consul takes its defaults for what the request leaves out."""
    servers: Mapping[str, Any] = next(iter(live.get("StatefulSet", ())), {})
    lifetimes = {"LeafCertTTL": noted(servers, LEAF_TTL), "IntermediateCertTTL": noted(servers, INTERMEDIATE_TTL)}
    config = {"PrivateKey": material.key.decode(), "RootCert": line(material).decode(), **{name: value for name, value in lifetimes.items() if value}}
    body = {"Provider": "consul", "Config": config, "ForceWithoutCrossSigning": False}
    pod = next(iter(api.servers(live)), {"metadata": {"namespace": namespace, "name": ""}})
    return api.put("order", pod, _CONFIGURATION, _token(live), body)


def permissions(namespace: str, restart: bool = False, recover: bool = False) -> list[dict[str, str]]:
    """Return the rights: to ask servers and proxies, which may be anywhere, and to write the CA's Secret."""
    wanted = [("pods", "list", ""), ("pods/portforward", "get", ""), ("pods/portforward", "create", "")]
    wide = [{"verb": verb, "group": "", "resource": resource, "namespace": ""} for resource, verb, _name in wanted]
    inside = [("secrets", verb, CONNECT_CA) for verb in ("get", "patch")] + [("secrets", "get", name) for name in (TOKENS, SHARED)]
    rights = [{"verb": verb, "group": "", "resource": resource, "namespace": namespace, "name": name} for resource, verb, name in inside]
    return [*wide, {"verb": "list", "group": "apps", "resource": "statefulsets", "namespace": namespace}, *rights]
