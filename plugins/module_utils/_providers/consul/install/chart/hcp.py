# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rules of the charts 1.8 and 1.9 about HashiCorp's cloud platform. Later charts do not know these values."""

from __future__ import annotations

from collections.abc import Sequence

from .by_path import Values
from .rule import ChartRule, pair

_CLOUD, _COLLECTOR = "global.cloud", "telemetryCollector.cloud"
_RESOURCE, _CLIENT, _SECRET = "resourceId", "clientId", "clientSecret"
_SECRETS = (
    *(f"{_CLOUD}.{name}" for name in (_RESOURCE, _CLIENT, _SECRET, "apiHost", "authUrl", "scadaAddress")),
    *(f"{_COLLECTOR}.{name}" for name in (_CLIENT, _SECRET)),
)


def _named(v: Values, path: str) -> bool:
    return v.on(f"{path}.secretName")


def _linked(name: str) -> ChartRule:
    needed = f"{_CLOUD}.{name}"
    why, instead = f"needs {needed}.secretName", f"name that Secret, or set {_CLOUD}.enabled to false"
    return ChartRule(f"{_CLOUD}.enabled", lambda v: v.on(f"{_CLOUD}.enabled") and not _named(v, needed), why, instead)


def _half(v: Values) -> bool:
    return _named(v, f"{_COLLECTOR}.{_CLIENT}") != _named(v, f"{_COLLECTOR}.{_SECRET}")


def _of_nothing(v: Values) -> bool:
    has_client = _named(v, f"{_COLLECTOR}.{_CLIENT}") and _named(v, f"{_COLLECTOR}.{_SECRET}")
    return has_client and not any(v.on(f"{above}.{_RESOURCE}.{key}") for above in (_COLLECTOR, _CLOUD) for key in ("secretName", "secretKey"))


def _two(v: Values) -> bool:
    return any(
        v.on(f"{_CLOUD}.{_RESOURCE}.{key}") and v.on(f"{_COLLECTOR}.{_RESOURCE}.{key}")
        and v.text(f"{_CLOUD}.{_RESOURCE}.{key}") != v.text(f"{_COLLECTOR}.{_RESOURCE}.{key}")
        for key in ("secretName", "secretKey")
    )  # fmt: skip


RULES: Sequence[ChartRule] = (
    *map(pair, _SECRETS),
    *map(_linked, (_RESOURCE, _CLIENT, _SECRET)),
    ChartRule(f"{_COLLECTOR}.{_CLIENT}.secretName", _half, f"comes only with {_COLLECTOR}.{_SECRET}.secretName", "name both Secrets, or none"),
    ChartRule(f"{_COLLECTOR}.{_CLIENT}.secretName", _of_nothing, f"needs {_COLLECTOR}.{_RESOURCE} or {_CLOUD}.{_RESOURCE}", "name one of the two Secrets"),
    ChartRule(f"{_COLLECTOR}.{_RESOURCE}.secretName", _two, f"differs from {_CLOUD}.{_RESOURCE}", "name one Secret with one key in both places"),
)
