# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which versions may stand beside each other during a cutover, as half sentences that say what is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..install.versions import Minor, Versions, dotted, minor

Patch = tuple[int, int, int]


@dataclass(frozen=True)
class SkewRules:
    """`revisions` is how many minors two revisions may be apart, `node_agent` how many the CNI plugin may be from each of them.

    On the `carrying` platforms an install brings the CNI plugin to the version of its control plane.
    `handover` are the first patches of each minor in which a Gateway keeps its configuration when it changes its revision; newer minors have it.
    `stand_in` is the first minor in which a second Gateway can serve behind the Service of another one.
    """

    mesh: str
    revisions: int = 2
    node_agent: int = 1
    handover: Sequence[Patch] = ()
    carrying: Sequence[str] = ()
    stand_in: Minor | None = None


def between(rules: SkewRules, target: str, former: str) -> list[str]:
    """Two control planes. A version that cannot be read, such as latest, is not judged."""
    one, other = minor(target), minor(former)
    if one is None or other is None:
        return []
    if one[0] != other[0] or abs(one[1] - other[1]) > rules.revisions:
        step = _between(one, other, rules.revisions)
        told = f"{rules.mesh} {dotted(other)} and {dotted(one)} are more than {rules.revisions} minor versions apart"
        return [f"{told}; cut over to {dotted(step)} first"]
    return []


def _between(one: Minor, other: Minor, most: int) -> Minor:
    return (other[0], other[1] + most) if one > other else (other[0], max(other[1] - most, 0))


def node_agent(rules: SkewRules, installed: str, target: str, former: str) -> list[str]:
    """The CNI plugin serves both revisions at once, and has no revisions of its own."""
    own, sides = minor(installed), [one for one in (minor(target), minor(former)) if one]
    if own is None or not sides:
        return []
    far = [one for one in sides if one[0] != own[0] or abs(one[1] - own[1]) > rules.node_agent]
    if not far:
        return []
    fit = [(sides[0][0], number) for number in range(min(sides)[1], max(sides)[1] + 1) if all(abs(one[1] - number) <= rules.node_agent for one in sides)]
    told = f"the CNI plugin is {dotted(own)}, and may be {rules.node_agent} minor version from {' and '.join(dotted(one) for one in sorted(set(sides)))}"
    return [f"{told}; bring it to {dotted(fit[-1])} first" if fit else f"{told}, which no version is; cut over to a version between them first"]


def carried(rules: SkewRules, platform: str, target: str, former: str) -> list[str]:
    """The CNI plugin that comes with the target, and serves the former revision too. It never goes back to an older version."""
    one, other = minor(target), minor(former)
    if platform not in rules.carrying or one is None or other is None or one[0] != other[0] or one[1] - other[1] <= rules.node_agent:
        return []
    told = f"on {platform} the CNI plugin comes to {dotted(one)} with the target, and may be {rules.node_agent} minor version from {dotted(other)}"
    return [f"{told}; cut over to {dotted((other[0], other[1] + rules.node_agent))} first"]


def gateway_api(table: Versions, installed: str, target: str) -> list[str]:
    """Older CRDs of the Gateway API drop what the target would read from them, without an error."""
    line, own = table.line(target), minor(installed)
    if line is None or line.gateway_api is None or own is None or own >= line.gateway_api:
        return []
    return [f"the Gateway API CRDs are v{dotted(own)}, and {table.mesh} {dotted(line.minor)} needs v{dotted(line.gateway_api)}; upgrade the CRDs first"]


def hands_over(rules: SkewRules, version: str) -> bool:
    """Whether a Gateway keeps its configuration in this version while it changes its revision. What cannot be read is taken not to."""
    own, parts = minor(version), version.removeprefix("v").partition("-")[0].split(".")
    if own is None or not rules.handover:
        return False
    if own > max(rules.handover)[:2]:
        return True
    patch = int(parts[2]) if len(parts) > 2 and parts[2].isdigit() else -1
    return any(own == first[:2] and patch >= first[2] for first in rules.handover)


def stands_in(rules: SkewRules, version: str) -> bool:
    """Whether a second Gateway of this version can serve behind the Service of another one. What cannot be read, such as latest, is taken for new."""
    own = minor(version)
    return rules.stand_in is not None and (own is None or own >= rules.stand_in)
