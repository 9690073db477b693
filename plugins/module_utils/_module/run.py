# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Ansible around a `reconcile(cluster, params)`: the only place that knows AnsibleModule."""

from __future__ import annotations

import base64
import binascii
import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NoReturn

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

try:
    from ansible.module_utils.secrets import register_secret
except ImportError:
    register_secret = None

from .._kube.cluster import Cluster
from .._kube.connect import ARGUMENTS, connect
from .._kube.transport import MISSING
from .._mesh.errors import MeshError

Reconcile = Callable[[Cluster, dict[str, Any]], dict[str, Any]]

_SECRET_KEYS = {
    "token",
    "password",
    "client-key-data",
    "client-secret",
    "access-token",
    "refresh-token",
    "id-token",
    "api_key",
}
_HIDDEN = "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
_SHORTEST = 6


class _Module(AnsibleModule):
    """Ansible shows a module's arguments before anybody can name the secrets in them: in the system's log, and where they are wrong."""

    def _log_invocation(self) -> None:
        self.log(f"Invoked with {', '.join(sorted(name for name, value in self.params.items() if value is not None))}")

    def fail_json(self, msg: str, **kwargs: Any) -> NoReturn:
        hide(self)
        super().fail_json(msg, **{"invocation": {"module_args": masked(self.params)}, **kwargs})
        raise SystemExit(1)


def run(reconcile: Reconcile, argument_spec: Mapping[str, Any], **settings: Any) -> None:
    """Connect, reconcile, report; a MeshError becomes a failed task with its sentence."""
    module = _Module({**ARGUMENTS, **argument_spec}, **{"supports_check_mode": True, **settings})
    if MISSING:
        module.fail_json(msg=missing_required_lib("kubernetes"), exception=MISSING)
    hide(module)
    invocation = {"module_args": masked(module.params)}
    try:
        result = reconcile(connect(module.params, dry_run=module.check_mode), module.params)
    except MeshError as error:
        module.fail_json(msg=str(error), **error.facts)
    for warning in result.pop("warnings", []):
        module.warn(warning)
    module.exit_json(**{"invocation": invocation, **result})


def connect_peer(options: Mapping[str, Any], *, dry_run: bool = False) -> Cluster:
    """A second cluster in the same task. The environment is about the first one, so it is not looked at."""
    return connect(options, dry_run=dry_run, environ={})


def hide(module: AnsibleModule) -> None:
    """Tell Ansible every secret that it was given, so that it blots them out of whatever is returned."""
    for secret in set(secrets_of(module.params)):
        module.no_log_values.add(secret)
        if register_secret:
            register_secret(secret)


def secrets_of(params: Any) -> Iterator[str]:
    """Every secret value in the parameters: of kubeconfigs given as dictionaries and of Secret manifests."""
    if isinstance(params, list):
        for item in params:
            yield from secrets_of(item)
    if not isinstance(params, Mapping):
        return
    if params.get("kind") == "Secret":
        for part in ("data", "stringData"):
            for value in (params.get(part) or {}).values():
                yield from _forms(str(value), coded=part == "data")
    for key, value in params.items():
        if key in _SECRET_KEYS and isinstance(value, str):
            yield from _forms(value, coded=key.endswith("-data"))
        else:
            yield from secrets_of(value)


def _forms(value: str, coded: bool) -> Iterator[str]:
    """As given, and as the server may say it; what is too short would only blot innocent words out."""
    forms = [value]
    with contextlib.suppress(binascii.Error, ValueError):
        forms.append(base64.b64decode(value).decode() if coded else base64.b64encode(value.encode()).decode())
    yield from (form for form in forms if len(form) >= _SHORTEST)


def masked(params: Any) -> Any:
    """The parameters as -vvv may show them."""
    if isinstance(params, list):
        return [masked(item) for item in params]
    if not isinstance(params, Mapping):
        return params
    secret = params.get("kind") == "Secret"
    shown: dict[Any, Any] = {}
    for key, value in params.items():
        if secret and key in ("data", "stringData") and isinstance(value, Mapping):
            shown[key] = dict.fromkeys(value, _HIDDEN)
        else:
            shown[key] = _HIDDEN if key in _SECRET_KEYS and isinstance(value, str) else masked(value)
    return shown
