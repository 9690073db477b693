# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which bundle a ClusterExtension gets: OC internal/operator-controller/resolve/catalog.go. A version is one version, ranges are not played."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..catalogue import Bundle, Catalogue
from ..objects import Object, name, spec

_LABEL = "olm.operatorframework.io/metadata.name"
_REQUIRED = "olm.package.required"


class Unresolved(Exception):
    """Why there is no bundle, in the words of the original."""


def asked(live: Object, catalogs: Sequence[Object]) -> list[Object]:
    """Return the catalogues that are asked. One that is switched off is not."""
    wanted = ((_told(live).get("selector") or {}).get("matchLabels") or {}).get(_LABEL)
    return [one for one in catalogs if wanted in (None, name(one)) and spec(one).get("availabilityMode") != "Unavailable"]


def resolved(live: Object, catalogs: Sequence[Object], contents: Mapping[str, Catalogue | None], has: Mapping[str, Any]) -> Bundle:
    """Return the newest bundle that fits. One catalogue that does not answer stops it all; two of one priority with the package do, too."""
    found = []
    for catalog in asked(live, catalogs):
        content = contents.get(name(catalog))
        if content is None:
            package = _told(live)["packageName"]
            raise Unresolved(f'error walking catalogs: error getting package "{package}" from catalog "{name(catalog)}": '
                             f'catalog "{name(catalog)}" is not being served')  # fmt: skip
        if fitting := list(_fitting(live, content, has)):
            found.append((int(spec(catalog).get("priority") or 0), name(catalog), fitting[-1]))
    best = [one for one in found if one[0] == max(priority for priority, _name, _bundle in found)]
    if len(best) != 1:
        raise Unresolved(_sentence(live, has, sorted(called for _priority, called, _bundle in best)))
    bundle = best[0][2]
    if bundle.package.beside:  # OC internal/operator-controller/resolve/validation.go
        raise Unresolved(f'validating bundle "{bundle.name}": bundle "{bundle.name}" has a dependency declared via property "{_REQUIRED}" '
                         "which is currently not supported")  # fmt: skip
    return bundle


def _told(live: Object) -> Mapping[str, Any]:
    return dict(spec(live)["source"]["catalog"])


def _fitting(live: Object, content: Catalogue, has: Mapping[str, Any]) -> Iterator[Bundle]:
    """Yield what fits of a catalogue. Without SelfCertified only the installed version and its successors do."""
    told, package = _told(live), content.get(_told(live)["packageName"])
    wanted, channels = told.get("version") or "", list(told.get("channels") or ())
    bound = bool(has) and told.get("upgradeConstraintPolicy") != "SelfCertified"
    for channel in package.channels if package else ():
        for one in package.channel(channel) if package and channel in (channels or [channel]) else ():
            if wanted in ("", one.version) and (not bound or has["name"] in (one.name, one.replaces)):
                yield one


def _sentence(live: Object, has: Mapping[str, Any], several: Sequence[str]) -> str:
    told = _told(live)
    why = f'error upgrading from currently installed version "{has["version"]}": ' if has else ""
    why += ("found bundles" if several else "no bundles found") + f' for package "{told["packageName"]}"'
    why += f' matching version "{told["version"]}"' if told.get("version") else ""
    why += f" in channels [{' '.join(told['channels'])}]" if told.get("channels") else ""
    return why + (f" in multiple catalogs with the same priority [{' '.join(several)}]" if several else "")
