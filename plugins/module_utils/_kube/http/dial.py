# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connect to an API server: a pool for requests, single connections for port-forwards. urllib3 makes both, so proxies and TLS work alike."""

from __future__ import annotations

from typing import Any

try:
    import urllib3
    from urllib3 import connection as single
    from urllib3 import exceptions as broken
except ImportError:
    pass  # the transport reports it

from ..reach.access import Access
from ..reach.proxy import bracketed
from .deadline import Reply, bound


def pool(access: Access, size: int) -> Any:
    settings: dict[str, Any] = {"num_pools": 2, "maxsize": size, "block": True, "retries": False, **_tls(access)}
    if not access.verify:
        urllib3.disable_warnings(broken.InsecureRequestWarning)
    proxy = access.via
    if not proxy:
        return bound(urllib3.PoolManager(**settings))
    return bound(urllib3.ProxyManager(proxy.url, proxy_headers=proxy.headers or None, proxy_ssl_context=access.proxy_tls(), **settings))


def _tls(access: Access) -> dict[str, Any]:
    tls = access.tls()
    if not tls:
        return {}
    settings: dict[str, Any] = {"ssl_context": tls, "assert_hostname": None if access.verify else False}
    if access.tls_server_name:
        settings["server_hostname"] = settings["assert_hostname"] = access.tls_server_name
    return settings if access.verify else {**settings, "cert_reqs": "CERT_NONE"}


def alone(access: Access, timeout: float) -> Any:
    """Return an open connection outside the pool. Raise OSError if it fails. `timeout` is in seconds."""
    proxy, host = access.via, access.url.hostname or ""
    made = single.HTTPSConnection if access.tls() else single.HTTPConnection
    how: dict[str, Any] = {"timeout": timeout, **_tls(access)}
    if proxy:
        config = single.ProxyConfig(access.proxy_tls(), False, None, None)
        connection = made(proxy.host, proxy.port, proxy=urllib3.util.parse_url(proxy.url), proxy_config=config, **how)
        connection.set_tunnel(bracketed(host), access.port, headers=proxy.headers, scheme=proxy.scheme)
    else:
        connection = made(host, access.port, **how)
    connection.response_class = Reply
    try:
        connection.connect()
    except broken.HTTPError as error:
        failed: Exception = error.__cause__ if isinstance(error.__cause__, OSError) else ConnectionError(str(error))
    except OSError as error:
        failed = error
    else:
        return connection
    connection.close()
    raise failed
