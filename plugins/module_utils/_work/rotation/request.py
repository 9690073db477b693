# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Describe what the options of the tasks rotation, rotation_target and rotation_info ask for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from ..lease.hold import LeaseShare
from ..trust.request import AuthorityRequest

Facts = Mapping[str, Any]


@dataclass(frozen=True)
class StepRequest:
    """One step of a rotation in one cluster.

    `clusters` are facts of all clusters of the mesh, and `primary` those of the cluster that serves this one. `planned` is when the rotation was
    planned. `leaving` and `stale` are fingerprints of roots and of intermediates.
    """

    authority: AuthorityRequest
    step: str
    target: str
    target_certificate: str = ""
    clusters: tuple[Facts, ...] = field(default=(), repr=False)
    leaving: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()
    planned: datetime | None = None
    soak: int = 0
    recover: bool = False
    may_restart: bool = False
    timeout: int = 600
    lease: LeaseShare | None = None
    primary: Facts = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, params: Facts) -> StepRequest:
        return cls(
            authority=AuthorityRequest.of(params),
            step=params["step"],
            target=params.get("target") or "",
            target_certificate=params.get("target_certificate") or "",
            clusters=tuple(params.get("clusters") or ()),
            leaving=tuple(params.get("leaving") or ()),
            stale=tuple(params.get("stale") or ()),
            planned=datetime.fromisoformat(params["moment"]) if params.get("moment") else None,
            soak=params.get("soak") or 0,
            recover=bool(params.get("recover")),
            may_restart=bool(params.get("may_restart")),
            timeout=params["timeout"],
            lease=LeaseShare.of(params),
            primary=params.get("primary") or {},
        )


@dataclass(frozen=True)
class TargetRequest:
    """Which root a rotation goes to, or the end of the rotation to it."""

    authority: AuthorityRequest
    state: str
    target: str
    clusters: tuple[Facts, ...] = field(repr=False)
    min_age: timedelta
    rollback: bool
    renew_intermediates: bool
    retire_roots: tuple[str, ...]
    leaving: tuple[str, ...]
    lease: LeaseShare | None

    @classmethod
    def of(cls, params: Facts) -> TargetRequest:
        return cls(
            authority=AuthorityRequest.of(params),
            state=params.get("state") or "chosen",
            target=params.get("target") or "",
            clusters=tuple(params["clusters"]),
            min_age=timedelta(seconds=params["min_age"]),
            rollback=bool(params["rollback"]),
            renew_intermediates=bool(params["renew_intermediates"]),
            retire_roots=tuple(params["retire_roots"]),
            leaving=tuple(params["leaving"]),
            lease=LeaseShare.of(params),
        )


@dataclass(frozen=True)
class InfoRequest:
    """A look at what everything in a cluster trusts."""

    provider: str
    namespace: str
    mesh: str
    limit: int
    primary: Facts = field(repr=False)

    @classmethod
    def of(cls, params: Facts) -> InfoRequest:
        return cls(params["provider"], params["namespace"], params["mesh"] or "", params["limit"], params.get("primary") or {})


@dataclass(frozen=True)
class SteppedRequest:
    """A step of a rotation of another kind than the CA's."""

    authority: AuthorityRequest
    kind: str
    step: str
    timeout: int
    lease: LeaseShare | None
    may_restart: bool = False

    @classmethod
    def of(cls, params: Facts) -> SteppedRequest:
        may_restart = bool(params.get("may_restart"))
        return cls(AuthorityRequest.of(params), params["kind"], params["step"], params["timeout"], LeaseShare.of(params), may_restart)
