# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A signer that is a PKI mount of HashiCorp Vault or of OpenBao, which has the same API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .._mesh.errors import Denied, MeshError, Refused, Unreachable
from .issue import BACKDATED
from .signer import SigningRequest

try:
    import hvac
    from hvac.exceptions import BadGateway, Forbidden, RateLimitExceeded, Unauthorized, VaultDown, VaultError
    from requests.exceptions import RequestException
except ImportError as error:
    MISSING: ImportError | None = error
else:
    MISSING = None

_LONGEST_MESSAGE = 300


@dataclass(frozen=True)
class Vault:
    """A mount, with a token or an AppRole that logs in for each signature. `verify` is a file of CAs, or whether to verify; `timeout` is in seconds."""

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
        """Return the issuer's certificate and the CAs above it as PEM. Vault serves them without authentication, so no token is sent."""
        answer = self._ask("", lambda client: client.read(f"{self.mount}/issuer/{self.issuer}/json"))
        data = _data(answer)
        return _joined(data.get("certificate"), *(data.get("ca_chain") or ()))

    def sign(self, request: SigningRequest) -> bytes:
        wish = {
            "csr": request.pem.decode(),
            "common_name": request.common_name,
            "use_csr_values": True,
            "format": "pem",
            "max_path_length": request.path_length,
            "ttl": f"{int((request.not_after - request.not_before - BACKDATED).total_seconds())}s",
            "not_before_duration": f"{int(BACKDATED.total_seconds())}s",
        }
        path = f"{self.mount}/issuer/{self.issuer}/sign-intermediate"
        data = _data(self._ask(f"{request.cluster}: ", lambda client: self._logged_in(client).write_data(path, data=wish)))
        return _joined(data.get("certificate"), data.get("issuing_ca"), *(data.get("ca_chain") or ()))

    def _logged_in(self, client: Any) -> Any:
        if self.token:
            client.token = self.token
        else:
            client.auth.approle.login(self.role_id, self.secret_id, mount_point=self.approle_mount)
        return client

    def _ask(self, where: str, ask: Callable[[Any], Any]) -> Any:
        if MISSING is not None:
            text = f"{where}the Python library hvac (at least 2.0) is missing where this task runs, and the task needs this library to ask {self}"
            raise MeshError(f"{text} ({MISSING}). Install it for the interpreter that runs the task.")
        # Pass an empty token: without one the library would take VAULT_TOKEN or a file in the home directory.
        client = hvac.Client(url=self.url, token="", verify=self.verify, timeout=self.timeout, namespace=self.namespace)
        try:
            return ask(client)
        except (Forbidden, Unauthorized) as error:
            way = "Check the token or AppRole, and that its policy allows that path"
            raise Denied(f"{where}{self} refused to answer: {_message(error)}. {way}.") from None
        except (VaultDown, BadGateway, RateLimitExceeded) as error:
            raise Unreachable(f"{where}{self} cannot answer now: {_message(error)}. Run again when it can.") from None
        except VaultError as error:
            raise Refused(f"{where}{self} answered with an error: {_message(error)}. Check root.vault, its mount and issuer_ref.") from None
        except (RequestException, OSError) as error:
            raise Unreachable(f"{where}{self} could not be reached: {_deepest(error)}. Check the address, ca_cert and the network.") from None
        finally:
            client.adapter.close()


def _data(answer: Any) -> Mapping[str, Any]:
    """Return the `data` of an answer. Vault answers with JSON, but a proxy before it may not."""
    data = answer.get("data") if isinstance(answer, dict) else None
    return data if isinstance(data, dict) else {}


def _joined(*pems: Any) -> bytes:
    return b"".join(f"{pem.strip()}\n".encode() for pem in pems if isinstance(pem, str))


def _message(error: Any) -> str:
    """Return Vault's own message, without the address that the library appends."""
    messages = error.errors if isinstance(error.errors, list) and error.errors else [error.text or type(error).__name__]
    return " ".join("; ".join(str(message) for message in messages).split())[:_LONGEST_MESSAGE].rstrip(".")


def _deepest(error: BaseException) -> str:
    """Return the message of the innermost error, because the libraries wrap it several times."""
    seen: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in seen:
        seen.append(cause)
        cause = cause.__cause__ or cause.__context__
    return (" ".join(str(seen[-1]).split()) or type(seen[-1]).__name__)[:_LONGEST_MESSAGE].rstrip(".")
