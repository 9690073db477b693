# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rights that a cutover needs beside those of the family."""

from __future__ import annotations

from ...istio_family.cutover import permissions as family
from ..kinds import GROUP

_OLM = "operators.coreos.com"
_READ = (
    *((GROUP, name, "list") for name in ("istios", "istiorevisions", "istiorevisiontags", "istiocnis")),
    (_OLM, "subscriptions", "list"),
    (_OLM, "installplans", "list"),
)
_WRITTEN = (
    *((GROUP, "istios", verb) for verb in ("get", "patch", "delete")),
    *((GROUP, "istiorevisions", verb) for verb in ("get", "delete")),
    *((GROUP, "istiorevisiontags", verb) for verb in ("get", "create", "patch")),
)


def cutting_over(namespace: str) -> list[dict[str, str]]:
    return [*family.cutting_over(namespace), *_rights(_READ), *_rights(_WRITTEN)]


def seeing(namespace: str) -> list[dict[str, str]]:
    return [*family.seeing(namespace), *_rights(_READ)]


def probing() -> list[dict[str, str]]:
    return family.probing()


def _rights(wanted: tuple[tuple[str, str, str], ...]) -> list[dict[str, str]]:
    return [{"verb": verb, "group": group, "resource": resource} for group, resource, verb in wanted]
