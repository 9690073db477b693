# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What speaks against a wish for Subscriptions before anything is written, a sentence each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from ..few_names import few
from ..objects.change import Ref
from ..objects.shapes import Object
from .csv_name import newer, version_of
from .owner import foreign
from .package import Package, fault
from .seen import OperatorsSeen, space, spec, status

_MOST = 10
_JUST = 120.0  # seconds for which a catalogue counts as one that has just connected


def refusals(package: Package, seen: OperatorsSeen) -> Iterator[str]:
    """Yield why a package cannot be installed as it is wanted. Nobody else's Subscription is changed, and nothing is turned back to an older version."""
    if wrong := fault(package):
        yield wrong
        return
    if not package.automatic and not package.csv:
        yield f"{package.name} has no csv, and a Subscription is pinned by the name of its ClusterServiceVersion. Give csv, such as {package.name}.v1.2.3."
        return
    if places := _places(package, seen):
        yield places
        return
    live = seen.subscription(package)
    if live:
        yield from _standing(package, live)
    if not (live and foreign(live)):
        yield from _groups(package, seen)
    if not (live and met(package, live)):
        yield from _source(package, seen)


def _places(package: Package, seen: OperatorsSeen) -> str:
    """Refuse a second installation of a package, in whichever way."""
    if others := seen.extensions_of(package.name):
        return f"{Ref.of(others[0])} installs {package.name} already. Set operator_api to v1, or remove that ClusterExtension first."
    subscriptions = seen.of_package(package.name)
    if len(subscriptions) > 1:
        names = few([str(Ref.of(one)) for one in subscriptions], _MOST, " and ")
        return f"{names} are both for {package.name}, and OLM lets them fight for its CRDs. Remove all but one."
    if subscriptions and space(subscriptions[0]) != package.namespace:
        return (
            f"{Ref.of(subscriptions[0])} installs {package.name} already, and the inventory wants it in {package.namespace}. "
            f"Set its namespace to {space(subscriptions[0])} to adopt it."
        )
    return ""


def _standing(package: Package, live: Object) -> Iterator[str]:
    installed, owner = str(status(live).get("installedCSV") or ""), foreign(live)
    if owner and not met(package, live):
        has = installed or "nothing yet"
        yield (
            f"{Ref.of(live)} belongs to {owner} and has installed {has}, but the inventory wants {package.csv or 'the newest of its channel'}. "
            f"It stays as it is: pin {installed or 'what it installs'}, or leave {package.name} out."
        )
        return
    if package.csv and installed and newer(version_of(installed), version_of(package.csv)):
        yield f"{Ref.of(live)} has installed {installed}, which is newer than the pin {package.csv}. An operator is never turned back: raise the pin."
    named = (str(spec(live).get("source") or ""), str(spec(live).get("sourceNamespace") or ""))
    if not owner and named != (package.source, package.source_namespace):
        yield (
            f"{Ref.of(live)} takes {package.name} from the catalogue {named[1]}/{named[0]}, and the inventory from "
            f"{package.source_namespace}/{package.source}. Set source and source_namespace to those of the Subscription, or change it by hand first."
        )


def met(package: Package, live: Object) -> bool:
    """Return whether somebody else's Subscription has installed what is wanted."""
    installed = status(live).get("installedCSV")
    return bool(installed) and (package.automatic or installed == package.csv)


def _groups(package: Package, seen: OperatorsSeen) -> Iterator[str]:
    groups = seen.groups_in(package.namespace)
    if len(groups) > 1:
        names = few([one["metadata"]["name"] for one in groups], _MOST, " and ")
        yield (
            f"namespace {package.namespace} has {len(groups)} OperatorGroups, {names}: with more than one, OLM fails every operator in it "
            "(TooManyOperatorGroups). Remove all but one."
        )
    elif groups and package.targets is not None and _targets(groups[0]) != sorted(package.targets):
        yield (
            f"{Ref.of(groups[0])} serves {few(_targets(groups[0]), _MOST) or 'all namespaces'}, and the inventory wants "
            f"{few(sorted(package.targets), _MOST) or 'all namespaces'} for {package.name}. Choose another namespace, or its targets."
        )


def _targets(group: Object) -> list[str]:
    return sorted(spec(group).get("targetNamespaces") or ())


def _source(package: Package, seen: OperatorsSeen) -> Iterator[str]:
    """A Subscription that cannot be resolved blocks every other one of its namespace, so it is not even written."""
    where = f"CatalogSource {package.source_namespace}/{package.source}"
    if seen.source(package) is None:
        yield f"{where} does not exist, so {package.name} comes from nowhere. Name another source, or make that one."
        return
    if package.name not in seen.manifests or not ready(seen.source(package) or {}):
        return
    offered = seen.manifests[package.name]
    if offered is None:
        yield f"{where} is ready, but no catalogue has a package {package.name}. Correct its name."
    elif status(offered).get("catalogSource") == package.source:
        yield from _offered(package, offered)


def _offered(package: Package, offered: Object) -> Iterator[str]:
    channels: Sequence[Object] = status(offered).get("channels") or ()
    wanted = package.channel or str(status(offered).get("defaultChannel") or "")
    channel = next((one for one in channels if one.get("name") == wanted), None)
    if channel is None:
        known = few(sorted(str(one.get("name")) for one in channels), _MOST)
        yield f"the package {package.name} of {package.source} has no channel {wanted}; it has {known}. Correct channel."
        return
    entries = [str(one.get("name")) for one in channel.get("entries") or ()]
    if package.csv and entries and package.csv not in entries:
        yield f"channel {wanted} of {package.name} has no {package.csv}; it has {few(entries, _MOST)}. Correct the pin."


def ready(source: Object) -> bool:
    """Return whether a catalogue answers. OLM asks it over gRPC and writes down what it saw last."""
    return bool((status(source).get("connectionState") or {}).get("lastObservedState") == "READY")


def still_coming(package: Package, seen: OperatorsSeen, now: datetime) -> bool:
    """Return whether a package that no catalogue has may still come, because its catalogue has just connected.

    OLM serves what a catalogue offers by another server than the one that calls the catalogue READY, and some seconds later.
    """
    live, source = seen.subscription(package), seen.source(package) or {}
    if live and met(package, live):
        return False
    at = (status(source).get("connectionState") or {}).get("lastConnect")
    if not at or not ready(source) or seen.manifests.get(package.name, source) is not None:
        return False
    return abs((now - datetime.fromisoformat(str(at))).total_seconds()) < _JUST
