# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Operators that have to be new enough before another one comes beside them, because older ones leave what that one cannot live with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..objects.change import Ref
from .csv_name import newer, version_of
from .package import Earlier, Package
from .seen import OperatorsSeen, installed_version, status


def refusals(package: Package, everyone: Sequence[Package], seen: OperatorsSeen) -> Iterator[str]:
    """Yield which operators are too old for a package that is not installed yet. What this run brings to its pin before counts as new enough."""
    if any(version for _live, version in _installed(package.name, seen)):
        return
    for earlier in package.after:
        if not _comes_before(earlier, package, everyone):
            for live, version in _installed(earlier.name, seen):
                if newer(earlier.version, version):
                    yield (
                        f"{live} has installed {version}, and {package.name} must not come beside {earlier.name} before that is at {earlier.version} "
                        f"or newer. Upgrade it first, or pin it in an entry before {package.name}."
                    )


def _installed(name: str, seen: OperatorsSeen) -> Iterator[tuple[Ref, str]]:
    """Yield what installs a package in whichever namespace, with the version that it has; empty if none has come yet."""
    yield from ((Ref.of(one), version_of(str(status(one).get("installedCSV") or ""))) for one in seen.of_package(name))
    yield from ((Ref.of(one), installed_version(one)) for one in seen.extensions_of(name))


def _comes_before(earlier: Earlier, package: Package, everyone: Sequence[Package]) -> bool:
    before = everyone[: everyone.index(package)]
    return any(one.name == earlier.name and (one.automatic or not newer(earlier.version, one.version)) for one in before)
