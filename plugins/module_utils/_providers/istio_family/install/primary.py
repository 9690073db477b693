# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a remote cluster can use the control plane of its primary at an address."""

from __future__ import annotations

import ipaddress


def unreachable(address: str, given: bool) -> str:
    """Return why a remote cluster cannot use a control plane at this address; empty if it can, or if the address is not known yet."""
    if address.count(":") == 1:
        return "a node port. A remote cluster needs the ports 15012 and 15017 at an address: give that gateway a load balancer or externalIPs."
    try:
        ipaddress.ip_address(address or "::")
    except ValueError:
        # The chart would make the Service istiod an ExternalName, through which API servers that route to endpoints (EKS, ROSA) call no webhook.
        fault = (
            "a host name, but some API servers cannot call the webhook that injects proxies through a host name. Give that gateway a fixed IP address, "
            "or set mesh_primary_address of this cluster to the address to use."
        )
        return "" if given else fault
    return ""
