# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A signer that is a PKI mount of HashiCorp Vault, or of OpenBao, which has the same API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .._mesh.errors import Denied, MeshError, Refused, Unreachable
from .issue import BACKDATED
from .signer import Request

try:
    import hvac
    from hvac.exceptions import BadGateway, Forbidden, RateLimitExceeded, Unauthorized, VaultDown, VaultError
    from requests.exceptions import RequestException
except ImportError as error:
    MISSING: ImportError | None = error
else:
    MISSING = None

_TOLD = 300


@dataclass(frozen=True)
class Vault:
    """With a token, or with an AppRole that gets one for each signature. `verify` is a file of CAs, or whether to verify at all."""

    url: str
    mount: str
    issuer: str
    verify: str | bool
    timeout: float
    namespace: str | None = None
    token: str | None = field(default=None, repr=False)
    role_id: str | None = field(default=None, repr=False)
    secret_id: str | None = field(default=None, repr=False)
    approle_mount: str = "approle"

    def __str__(self) -> str:
        return f"Vault at {self.url}, mount {self.mount}"

    def certificates(self) -> bytes:
        """The issuer's certificate and those above it. Vault gives them to anybody, so no token goes there."""
        answer = self._asked("", lambda client: client.read(f"{self.mount}/issuer/{self.issuer}/json"))
        data = _data(answer)
        return _joined(data.get("certificate"), *(data.get("ca_chain") or ()))

    def sign(self, request: Request) -> bytes:
        wish = {
            "csr": request.pem.decode(),
            "common_name": request.common_name,
            "use_csr_values": True,
            "format": "pem",
            "max_path_length": 0,
            "ttl": f"{int((request.not_after - request.not_before - BACKDATED).total_seconds())}s",
            "not_before_duration": f"{int(BACKDATED.total_seconds())}s",
        }
        path = f"{self.mount}/issuer/{self.issuer}/sign-intermediate"
        data = _data(self._asked(f"{request.cluster}: ", lambda client: self._known(client).write_data(path, data=wish)))
        return _joined(data.get("certificate"), data.get("issuing_ca"), *(data.get("ca_chain") or ()))

    def _known(self, client: Any) -> Any:
        if self.token:
            client.token = self.token
        else:
            client.auth.approle.login(self.role_id, self.secret_id, mount_point=self.approle_mount)
        return client

    def _asked(self, where: str, ask: Callable[[Any], Any]) -> Any:
        if MISSING is not None:
            text = f"{where}the Python library hvac (at least 2.0) is missing where this task runs, and {self} is asked by it"
            raise MeshError(f"{text} ({MISSING}). Install it for the interpreter that runs the task.")
        # An empty token, for without one the library would take VAULT_TOKEN or a file in the home directory.
        client = hvac.Client(url=self.url, token="", verify=self.verify, timeout=self.timeout, namespace=self.namespace)
        try:
            return ask(client)
        except (Forbidden, Unauthorized) as error:
            way = "Check the token or AppRole, and that its policy allows that path"
            raise Denied(f"{where}{self} refused to answer: {_said(error)}. {way}.") from None
        except (VaultDown, BadGateway, RateLimitExceeded) as error:
            raise Unreachable(f"{where}{self} cannot answer now: {_said(error)}. Run again when it can.") from None
        except VaultError as error:
            raise Refused(f"{where}{self} did not do it: {_said(error)}. Check root.vault, its mount and issuer_ref.") from None
        except (RequestException, OSError) as error:
            raise Unreachable(f"{where}{self} could not be reached: {_deepest(error)}. Check the address, ca_cert and the network.") from None
        finally:
            client.adapter.close()


def _data(answer: Any) -> Mapping[str, Any]:
    """Vault answers with JSON; whatever stands before it may not."""
    found = answer.get("data") if isinstance(answer, dict) else None
    return found if isinstance(found, dict) else {}


def _joined(*pems: Any) -> bytes:
    return b"".join(f"{pem.strip()}\n".encode() for pem in pems if isinstance(pem, str))


def _said(error: Any) -> str:
    """Vault's own words, without the address that the library puts behind them."""
    told = error.errors if isinstance(error.errors, list) and error.errors else [error.text or type(error).__name__]
    return " ".join("; ".join(str(one) for one in told).split())[:_TOLD].rstrip(".")


def _deepest(error: BaseException) -> str:
    """The libraries wrap what went wrong several times."""
    seen: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in seen:
        seen.append(cause)
        cause = cause.__cause__ or cause.__context__
    return (" ".join(str(seen[-1]).split()) or type(seen[-1]).__name__)[:_TOLD].rstrip(".")
