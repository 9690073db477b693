# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""P6: an intermediate of one root for each of 100 clusters."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible_collections.meshops.lifecycle.plugins.module_utils._pki import issue, x509
from meshlab.apionly import ApiServer

from .contestants import CRYPTO, OURS, STORED, Commands, Scene, playbook
from .errors import BenchError
from .figures import Run
from .fleets import SERVERS, api_servers, kubeconfig, spread
from .measure import AuditLog, timed
from .race import Lane, Outcome, Race, Say

CLUSTERS, DAYS = 100, 730
USAGE = ["digitalSignature", "keyCertSign", "cRLSign"]


def ours(scene: Scene, number: int) -> Commands:
    """Issue as the role trust does: each cluster is a host and gets its Secret. Each round has new namespaces."""
    root = {"source": "file", "certificate_file": str(scene.folder / "root.crt"), "private_key_file": str(scene.folder / "root.key")}
    options = {"kubeconfig": str(scene.kubeconfig), "context": "{{ inventory_hostname }}", "cluster": "{{ inventory_hostname }}", "mesh": "bench",
               "namespace": f"{_space(OURS, number)}-{{{{ inventory_hostname }}}}", "root": root, "intermediate_days": DAYS}
    return playbook(scene, [{"name": "Issue", "meshops.lifecycle.ca": options}])


def theirs(scene: Scene, number: int, stored: bool = False) -> Commands:
    """Issue with community.crypto: keys, requests and certificates as files, signed by the same root. Only with `stored` they go into a cluster."""
    made = scene.folder / _files(number)
    made.mkdir()
    key, request, signed = (f"{made}/{{{{ item }}}}.{ending}" for ending in ("key", "csr", "crt"))
    wish = {"common_name": "Intermediate CA {{ item }}", "organization_name": "cluster.local", "basic_constraints": ["CA:TRUE", "pathlen:0"],
            "basic_constraints_critical": True, "key_usage": USAGE, "key_usage_critical": True, "subject_alt_name": ["DNS:istiod.istio-system.svc"]}
    by_root = {"provider": "ownca", "ownca_path": str(scene.folder / "root.crt"), "ownca_privatekey_path": str(scene.folder / "root.key"),
               "ownca_not_after": f"+{DAYS}d"}
    tasks = {
        "openssl_privatekey": {"path": key, "type": "ECC", "curve": "secp256r1"},
        "openssl_csr": {"path": request, "privatekey_path": key, **wish},
        "x509_certificate": {"path": signed, "csr_path": request, **by_root},
    }
    each = [{"name": name, f"community.crypto.{name}": options, "loop": list(scene.fleet)} for name, options in tasks.items()]
    return playbook(replace(scene, fleet=()), [*each, *([_stored(scene, number)] if stored else [])])


def _stored(scene: Scene, number: int) -> dict[str, Any]:
    """Write the namespace and the Secret of each cluster, as items of one task."""
    space = f"{_space(STORED, number)}-{{{{ item }}}}"
    read = {f"ca-{name}.pem": f"{scene.folder / _files(number)}/{{{{ item }}}}.{ending}" for name, ending in (("cert", "crt"), ("key", "key"))}
    data = {name: f"{{{{ lookup('ansible.builtin.file', '{path}', rstrip=false) | b64encode }}}}"
            for name, path in {**read, "root-cert.pem": scene.folder / "root.crt", "cert-chain.pem": read["ca-cert.pem"]}.items()}
    objects = [{"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": space}},
               {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "cacerts", "namespace": space}, "data": data}]
    options = {"kubeconfig": str(scene.kubeconfig), "context": "{{ item }}", "definition": objects}
    return {"name": "Store", "kubernetes.core.k8s": options, "loop": list(scene.fleet), "no_log": True}


def _files(number: int) -> str:
    return f"round-{number}"


def _space(name: str, number: int) -> str:
    """The prefix of the namespaces of a round."""
    return f"{name}-{number}"


def proved(certificates: Iterable[bytes], root: bytes) -> None:
    """Check that there are as many different CAs as clusters, all signed by the root."""
    [above] = x509.read(root, "root")[0]
    found = [one for pem in certificates for one in x509.read(pem, "intermediate")[0][:1]]
    good = {one.facts.fingerprint for one in found if one.facts.is_ca and x509.signed(one.raw, above.raw)}
    if len(good) != CLUSTERS:
        raise BenchError(f"{len(good)} of {CLUSTERS} intermediates are there and are signed by the root.")


def held(servers: Sequence[ApiServer], space: str) -> list[bytes]:
    """The CAs in namespaces with this prefix."""
    found = [secret for server in servers for secret in server.api.get("/api/v1/secrets")["items"]]
    own = [one for one in found if one["metadata"]["namespace"].startswith(f"{space}-") and one["metadata"]["name"] == "cacerts"]
    return [base64.b64decode(one["data"]["ca-cert.pem"]) for one in own]


def commands(name: str, scene: Scene, number: int) -> Commands:
    return ours(scene, number) if name == OURS else theirs(scene, number, stored=name == STORED)


def intermediates(folder: Path, rounds: int, names: Sequence[str], say: Say) -> Outcome:
    root = issue.new_root("bench root", "bench", "P-256", datetime.now(UTC), 3650)
    with api_servers(SERVERS) as servers:
        scenes = {name: _scene(folder / "P6" / name, servers, root.certificate, root.key) for name in names if name in (OURS, CRYPTO, STORED)}
        audit = AuditLog(*(server.audit_log for server in servers))

        def attempt(name: str, number: int) -> tuple[Lane, Run]:
            scene = scenes[name]
            found = timed(commands(name, scene, number), scene.folder, audit)
            files = (scene.folder / _files(number)).glob("*.crt")
            proved([file.read_bytes() for file in files] if name == CRYPTO else held(servers, _space(name, number)), root.certificate)
            return Lane(name, scene, tuple(servers), audit), found

        return Race("P6", rounds, say, often=1).run(list(scenes), attempt)


def _scene(place: Path, servers: Sequence[ApiServer], certificate: bytes, key: bytes) -> Scene:
    place.mkdir(parents=True)
    (place / "root.crt").write_bytes(certificate)
    (place / "root.key").write_bytes(key)
    contexts = kubeconfig(place / "kubeconfig", spread(servers, CLUSTERS))
    return Scene(place, place / "kubeconfig", contexts[0], [], [], fleet=contexts)
