# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests to one API server: deadlines on each, repeats where that is safe, one sentence when it fails."""

from __future__ import annotations

import json
import random
import re
import socket
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

try:
    import urllib3
    from urllib3 import exceptions as broken
except ImportError:
    urllib3 = None  # type: ignore[assignment]

from .._mesh.errors import MeshError, Unreachable
from .access import Access
from .answer import Answer

THREADS = 8
_CONNECT, _READ, _ATTEMPTS, _LONGEST_PAUSE = 10.0, 30.0, 6, 8.0
_AGAIN = {429, 500, 502, 503, 504}
# Legal in JSON, but YAML (which server-side apply speaks) would fold or refuse them.
_NOT_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


def encode(body: Any) -> bytes:
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return _NOT_YAML.sub(lambda found: f"\\u{ord(found.group()):04x}", text).encode()


class Transport:
    """One pool of connections, shared by the threads of a call."""

    def __init__(
        self, access: Access, name: str, *, pause: Callable[[float], None] = time.sleep, attempts: int = _ATTEMPTS
    ) -> None:
        self.access, self.name = access, name
        self._pause, self._attempts = pause, attempts
        self._lock = threading.Lock()
        self._answered = False
        self._pool = self._open()

    def _open(self) -> Any:
        access = self.access
        settings: dict[str, Any] = {
            "num_pools": 2,
            "maxsize": THREADS,
            "block": True,
            "retries": False,
            "timeout": urllib3.Timeout(connect=_CONNECT, read=_READ),
        }
        tls = access.tls()
        if tls:
            settings["ssl_context"] = tls
            settings["assert_hostname"] = None if access.verify else False
            if access.tls_server_name:
                settings["server_hostname"] = settings["assert_hostname"] = access.tls_server_name
            if not access.verify:
                settings["cert_reqs"] = "CERT_NONE"
                urllib3.disable_warnings(broken.InsecureRequestWarning)
        proxy = access.proxy_for_server()
        if not proxy:
            return urllib3.PoolManager(**settings)
        if not proxy.startswith(("http://", "https://")):
            raise MeshError(f"{self.name}: the proxy {proxy} is not an http:// or https:// address.")
        return urllib3.ProxyManager(proxy, proxy_headers=access.proxy_headers or None, **settings)

    def request(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        *,
        accept: str = "application/json",
        content_type: str = "application/json",
        repeat: bool = True,
    ) -> Answer:
        """`repeat=False` for what must not happen twice: then only a refusal unseen by the server is tried again."""
        headers = [("Accept", accept), ("User-Agent", "meshops.lifecycle")]
        data = None if body is None else encode(body)
        if data is not None:
            headers.append(("Content-Type", content_type))
        url = self.access.server + path + ("?" + urlencode(query) if query else "")
        renewed = False
        for attempt in range(1, self._attempts + 1):
            last = attempt == self._attempts
            try:
                answer = self._once(method, url, headers, data)
            except broken.HTTPError as error:
                if last or not self._answered or not repeat:
                    raise self._unreachable(error) from error
                self._pause(_backoff(attempt))
                continue
            if answer.status == 401 and not renewed and self._renew():
                renewed = True
                continue
            if last or answer.status not in _AGAIN or not (repeat or answer.status == 429):
                return answer
            self._pause(_asked(answer) or _backoff(attempt))
        return answer

    def _once(self, method: str, url: str, headers: list[tuple[str, str]], data: bytes | None) -> Answer:
        sent = urllib3.HTTPHeaderDict([*headers, *self.access.headers])
        reply = self._pool.request(method, url, headers=sent, body=data, redirect=False)
        self._answered = True
        return Answer(reply.status, reply.data, {key.lower(): value for key, value in reply.headers.items()})

    def _renew(self) -> bool:
        """A token that ran out in the middle of a long run is fetched anew, once."""
        with self._lock:
            if not self.access.renew:
                return False
            before = self.access
            self.access = before.renew()
            if (before.client_cert, before.client_key) != (self.access.client_cert, self.access.client_key):
                self._pool = self._open()
            return True

    def _unreachable(self, error: Exception) -> Unreachable:
        return Unreachable(f"{self.name}: the API server at {self.access.server} {why(error)}")


def _backoff(attempt: int) -> float:
    return min(_LONGEST_PAUSE, 0.1 * 3 ** (attempt - 1)) * random.uniform(0.5, 1.0)


def _asked(answer: Answer) -> float | None:
    told = answer.headers.get("retry-after", "")
    return min(float(told), _LONGEST_PAUSE) * random.uniform(1.0, 1.2) if told.isdigit() else None


def why(error: BaseException) -> str:
    """The end of the sentence "the API server at … ", whatever layer the error comes from."""
    seen: BaseException | None = error
    while seen is not None:
        text = str(seen)
        if isinstance(seen, socket.gaierror) or "NameResolution" in type(seen).__name__:
            return "cannot be found: its name does not resolve."
        if isinstance(seen, ConnectionRefusedError):
            return "refuses connections: it is down, or the address is wrong."
        if "CERTIFICATE_VERIFY_FAILED" in text or "doesn't match" in text:
            because = re.search(r"verify failed: ([^(\]]+)", text)
            return f"is not trusted: {because.group(1).strip() if because else text}. Give its CA with ca_cert or the kubeconfig."
        if "CERTIFICATE_REQUIRED" in text or "ALERT" in text.upper() and "CERTIFICATE" in text.upper():
            return "does not accept the client certificate."
        if isinstance(seen, TimeoutError) or "Timeout" in type(seen).__name__:
            return "does not answer in time."
        seen = getattr(seen, "reason", None) if isinstance(getattr(seen, "reason", None), BaseException) else (seen.__cause__ or seen.__context__)
    return f"broke the connection: {' '.join(str(error).split())[:160]}."
