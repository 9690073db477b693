# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Ansible around a `reconcile(cluster, params)`: the only place that knows AnsibleModule."""

from __future__ import annotations

import base64
import binascii
import contextlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
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
Prepare = Callable[[dict[str, Any]], dict[str, Any]]

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
        hide(self, self.params)
        super().fail_json(msg, **{"invocation": {"module_args": masked(self.params)}, **kwargs})
        raise SystemExit(1)


def run(reconcile: Reconcile, argument_spec: Mapping[str, Any], prepare: Prepare | None = None, **settings: Any) -> None:
    """Connect, reconcile, report; a MeshError becomes a failed task with its sentence.

    `prepare` completes the parameters, as with what lies in files; what is secret in that is hidden too.
    """
    module = _Module({**ARGUMENTS, **argument_spec}, **{"supports_check_mode": True, **settings})
    if MISSING:
        module.fail_json(msg=missing_required_lib("kubernetes"), exception=MISSING)
    hide(module, module.params)
    invocation = {"module_args": masked(module.params)}
    try:
        params = module.params
        if prepare:
            params = prepare(params)
            hide(module, params)
        result = reconcile(connect(params, dry_run=module.check_mode), params)
    except MeshError as error:
        module.fail_json(msg=str(error), **_shown(module, error.facts))
    for warning in result.pop("warnings", []):
        module.warn(warning)
    module.exit_json(**_shown(module, {"invocation": invocation, **result}))


def _shown(module: AnsibleModule, result: dict[str, Any]) -> dict[str, Any]:
    """A diff nobody asked for would only be carried about."""
    return result if module._diff else {key: value for key, value in result.items() if key != "diff"}


def connect_peer(options: Mapping[str, Any], *, dry_run: bool = False) -> Cluster:
    """A second cluster in the same task. The environment is about the first one, so it is not looked at."""
    return connect(options, dry_run=dry_run, environ={})


def hide(module: AnsibleModule, params: Any) -> None:
    """Tell Ansible every secret that it was given, so that it blots them out of whatever is returned."""
    for secret in set(secrets_of(params)):
        module.no_log_values.add(secret)
        if register_secret:
            register_secret(secret)


def secrets_of(params: Any) -> Iterator[str]:
    """Every secret value in the parameters: of kubeconfigs given as dictionaries and of Secret manifests."""
    for value in params.values() if isinstance(params, dict) else params:
        if isinstance(value, dict | list):
            yield from secrets_of(value)
    if not isinstance(params, dict):
        return
    for key in _SECRET_KEYS & params.keys():
        if isinstance(params[key], str):
            yield from _forms(params[key], coded=key.endswith("-data"))
    if params.get("kind") == "Secret":
        for part in ("data", "stringData"):
            held = params.get(part)
            for value in held.values() if isinstance(held, dict) else [held] if held else []:
                yield from _forms(str(value), coded=part == "data")


def _forms(value: str, coded: bool) -> Iterator[str]:
    """As given, and as the server may say it; what is too short would only blot innocent words out."""
    forms = [value]
    with contextlib.suppress(binascii.Error, ValueError):
        forms.append(base64.b64decode(value).decode() if coded else base64.b64encode(value.encode()).decode())
    yield from (form for form in forms if len(form) >= _SHORTEST)


def masked(params: Any) -> Any:
    """The parameters as -vvv may show them. Manifests are counted: the result names each of them."""
    if isinstance(params, list):
        manifests = params and all(isinstance(item, dict) and "apiVersion" in item and "kind" in item for item in params)
        return _counted(params) if manifests else [masked(item) for item in params]
    if not isinstance(params, Mapping):
        return params
    secret = params.get("kind") == "Secret"
    return {key: _mask(key, value, secret) for key, value in params.items()}


def _mask(key: Any, value: Any, secret: bool) -> Any:
    if secret and key in ("data", "stringData") and isinstance(value, Mapping):
        return dict.fromkeys(value, _HIDDEN)
    return _HIDDEN if key in _SECRET_KEYS and isinstance(value, str) else masked(value)


def _counted(manifests: Sequence[Mapping[str, Any]]) -> str:
    kinds = Counter(str(manifest["kind"]) for manifest in manifests)
    return f"{len(manifests)} objects: " + ", ".join(f"{count} {kind}" for kind, count in kinds.items())
