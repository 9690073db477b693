# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Check the names of clusters, networks and so on. They become object names, labels, SPIFFE IDs and host names."""

from __future__ import annotations

import re

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_DOMAIN = re.compile(r"(?=.{1,253}$)[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*")
_VALUE = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")


def label_fault(what: str, name: object, longest: int = 63) -> str | None:
    """Return why `name` cannot be a DNS label (RFC 1123), as half a sentence; None if it can. `longest` leaves room for a prefix."""
    if isinstance(name, str) and _LABEL.fullmatch(name) and len(name) <= longest:
        return None
    return f"the {what} {name!r} is not a DNS label (lower-case letters, digits and '-', at most {longest})"


def domain_fault(what: str, name: object) -> str | None:
    """Return why `name` cannot be a DNS name, as half a sentence; None if it can."""
    if isinstance(name, str) and _DOMAIN.fullmatch(name):
        return None
    return f"the {what} {name!r} is not a DNS name (labels of lower-case letters, digits and '-', joined by dots)"


def value_fault(what: str, name: object) -> str | None:
    """Return why `name` cannot be the value of a Kubernetes label, as half a sentence; None if it can."""
    if isinstance(name, str) and _VALUE.fullmatch(name):
        return None
    return f"the {what} {name!r} cannot be a label's value (letters, digits, '-', '_' and '.', at most 63)"
