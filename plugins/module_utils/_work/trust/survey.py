# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A cluster's CA against the mesh's root: look at everything, decide, issue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from ..._kube.cluster import Cluster
from ..._mesh.contract.trust import Trust
from ..._mesh.errors import Denied, Refused
from ..._mesh.objects.change import Change, Ref
from ..._mesh.trust import root_secret
from ..._mesh.trust.certificate import Authority
from ..._mesh.trust.issuing import ISSUE, REFUSE, Decision, decide, onto, wish_faults
from ..._mesh.trust.name_constraints import signed_for
from ..._mesh.trust.objections import Objection
from ..._mesh.trust.roots import TrustSet, expiry
from ..._pki import x509
from ..._pki.trial import tried
from ..look import listed
from . import root as roots
from . import signers
from .intermediate import Moment, intermediate
from .under_way import at_work, going_on

Object = Mapping[str, Any]

OPTIONS: dict[str, Any] = {
    "mesh": {"type": "str", "required": True},
    "trust_domain": {"type": "str", "default": "cluster.local"},
    "namespace": {"type": "str", "default": "istio-system"},
    "network": {"type": "str"},
    "key_type": {"type": "str", "default": "P-256", "no_log": False},
    "intermediate_days": {"type": "int", "default": 730},
    "root_days": {"type": "int", "default": 3650},
    "root": {"type": "dict", "apply_defaults": True, "options": roots.OPTIONS, **signers.RULES},
}


@dataclass(frozen=True)
class Survey:
    """All that was read of a cluster's CA and of the mesh's root, and what follows from it."""

    held: Authority | None
    root: roots.Root
    decision: Decision
    empty: bool = False  # there is not even the namespace
    secret: Object | None = field(default=None, repr=False)  # where the CA lies, as it was read


def survey(
    cluster: Cluster, mesh: Trust, params: Mapping[str, Any], now: datetime, root: roots.Root | None = None, stored: Object | None = None
) -> Survey:
    """Read everything and decide; nothing is written, and nothing is raised for bad input. `stored` is the CA as it was just written."""
    space = params["namespace"]
    secret = stored or cluster.get(mesh.held(space))
    held = _inspected(cluster, mesh, secret, params["mesh"], now)
    empty = not held and not _there(cluster, mesh.namespace(space))
    self_signed = None if held or empty else _inspected(cluster, mesh, cluster.get(mesh.self_signed(space)), params["mesh"], now)
    bears = signed_for(params["trust_domain"], mesh.sans(space))
    held = tried(held, bears) if held else None
    root = root or roots.proved(roots.find(cluster, params["mesh"], params["root"], now), bears)
    instead = "" if held or empty else _instead(cluster, mesh, space)
    decision = decide(cluster.name, held, self_signed, root.source, instead)
    decision = onto(decision, f"{cluster.name}: {mesh.held(space)}", secret) if secret else decision
    faults = [Objection("bad_wish", f"{cluster.name}: {fault}.") for fault in wish_faults(params)]
    if decision.action == ISSUE and not faults:
        faults = at_work(cluster, root, params, held.where) if held else going_on(cluster, root, params, now)
    if faults:
        decision = replace(decision, action=REFUSE, objections=[*faults, *decision.objections])
    return Survey(held, root, decision, empty, secret)


def establish(cluster: Cluster, mesh: Trust, params: Mapping[str, Any], now: datetime) -> tuple[Survey, list[Change]]:
    """Bring the cluster to have an issuing CA of the mesh's root. Whatever speaks against it is said before a write."""
    seen = accepted(survey(cluster, mesh, params, now))
    if seen.decision.action != ISSUE:
        return seen, []
    changes: list[Change] = []
    if seen.root.material is None:
        made, changes = roots.make(seen.root, params, now)
        seen = replace(seen, root=made)
        accepted(replace(seen, decision=Decision(REFUSE, made.source.objections(key_needed=True))))
    moment = Moment(now)
    changes += _issue(cluster, mesh, params, seen, moment)
    after = survey(cluster, mesh, params, moment.now() if seen.root.signer else now, seen.root, _stored(cluster, mesh, params, changes))
    told = dict.fromkeys([*seen.decision.warnings, *accepted(after).decision.warnings])
    return replace(after, decision=replace(seen.decision, warnings=[*told])), changes


def accepted(seen: Survey) -> Survey:
    """The survey, unless something speaks against going on: then all of that at once."""
    found = seen.decision.objections
    if found:
        raise Refused(
            " ".join(one.sentence for one in found),
            findings=[one.sentence for one in found],
            reasons=[one.reason for one in found],
        )
    return seen


def facts(cluster: str, seen: Survey) -> dict[str, Any]:
    """What the modules return. In a dry run a CA that would be made has no facts yet."""
    held = seen.held
    root, own = (held.root, held.certificate) if held else (None, None)
    source = seen.root.source.root
    return {
        "present": held is not None,
        "root": root.facts() if root else None,
        "intermediate": own.facts() if own else None,
        "chain": bool(held and held.path),
        "trust": TrustSet.of(cluster, held).facts() if held and root else None,
        "expiry": {
            name: {"level": verdict.level, "days": verdict.days}
            for name, one in (("root", root), ("intermediate", own))
            if one and held and (verdict := expiry(one, held.at))
        },
        "source": source.certificate.fingerprint if source and source.certificate else None,
        "warnings": list(seen.decision.warnings),
    }


def _stored(cluster: Cluster, mesh: Trust, params: Mapping[str, Any], changes: Iterable[Change]) -> Object | None:
    """What the API server said that it keeps. It keeps nothing in a dry run, nor where somebody else was first."""
    ref = mesh.held(params["namespace"])
    return None if cluster.dry_run else next((change.after for change in changes if change.ref == ref), None)


def _there(cluster: Cluster, namespace: Mapping[str, Any]) -> bool:
    """Also where that may not be looked at: then nothing is known to be missing."""
    with suppress(Denied):
        return cluster.get(Ref.of(namespace)) is not None
    return True


def _inspected(cluster: Cluster, mesh: Trust, secret: Object | None, name: str, now: datetime) -> Authority | None:
    if secret is None:
        return None
    return x509.inspect(mesh.read(secret), f"{cluster.name}: {Ref.of(secret)}", now, ours=root_secret.is_ours(secret, name))


def _instead(cluster: Cluster, mesh: Trust, space: str) -> str:
    """Who signs in the control plane's place. Nobody is known to, where that may not be looked at."""
    with suppress(Denied):
        return str(mesh.instead(listed(cluster, mesh.control_planes(space))))
    return ""


def _issue(cluster: Cluster, mesh: Trust, params: Mapping[str, Any], seen: Survey, moment: Moment) -> Sequence[Change]:
    space = params["namespace"]
    material = intermediate(cluster, seen.root, mesh.sans(space), params, moment)
    made = cluster.create(mesh.namespace(space, params.get("network"))) if seen.empty else None
    changes = [made] if made else []
    if seen.secret is not None:
        # An expired one of ours. It changes as one, only if it still is what was read, and goes on to trust what it trusts.
        (manifest,) = mesh.secrets(replace(material, roots=mesh.read(seen.secret).roots), space, params["mesh"])
        return [*changes, cluster.amend(seen.secret, {"data": manifest["data"]})]
    manifests = mesh.secrets(material, space, params["mesh"])
    created = [cluster.create(manifest) for manifest in manifests]
    return [*changes, *(change for change in created if change)]
