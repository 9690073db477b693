# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a `reconcile(cluster, params)` as an Ansible module, or in this process. Only this file knows AnsibleModule."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NoReturn

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator, ValidationResult
from ansible.module_utils.common.parameters import remove_values
from ansible.module_utils.errors import UnsupportedError

try:
    from ansible.module_utils.secrets import register_secret
except ImportError:
    register_secret = None

from .._kube.connect import ARGUMENTS, connect
from .._kube.http.transport import MISSING
from .._mesh.errors import MeshError
from .masking import masked, secrets_of
from .progress import Onlooker, watched

Reconcile = Callable[[Any, dict[str, Any]], dict[str, Any]]  # a Cluster, or None for what asks none
Prepare = Callable[[dict[str, Any]], dict[str, Any]]


class _Module(AnsibleModule):
    """AnsibleModule shows arguments before their secrets are known: in the system log, and in errors about wrong arguments. Both are overridden here."""

    def _log_invocation(self) -> None:
        self.log(f"Invoked with {', '.join(sorted(name for name, value in self.params.items() if value is not None))}")

    def fail_json(self, msg: str, **kwargs: Any) -> NoReturn:
        hide(self.no_log_values, self.params)
        super().fail_json(msg, **{"invocation": {"module_args": masked(self.params)}, **kwargs})
        raise SystemExit(1)


def run(reconcile: Reconcile, argument_spec: Mapping[str, Any], prepare: Prepare | None = None, connected: bool = True, **settings: Any) -> None:
    """Connect, reconcile and exit with the result. A MeshError becomes a failed task with its message.

    `prepare` completes the parameters, for example with the content of files. The secrets that it adds are hidden too. What is not `connected` asks no
    cluster, and gets None for it.
    """
    module = _Module({**ARGUMENTS, **argument_spec}, **{"supports_check_mode": True, **settings})
    if MISSING:
        module.fail_json(msg=missing_required_lib("kubernetes"), exception=MISSING)
    invocation = {"module_args": masked(module.params)}
    result = _outcome(reconcile, module.params, prepare, module.check_mode if connected else None, module.no_log_values)
    for warning in result.pop("warnings", []):
        module.warn(warning)
    shown = _shown(result, diff=module._diff)
    if shown.pop("failed", False):
        module.fail_json(**shown)
    module.exit_json(**{"invocation": invocation, **shown})


def run_here(
    reconcile: Reconcile,
    arguments: Mapping[str, Any],
    argument_spec: Mapping[str, Any],
    prepare: Prepare | None = None,
    connected: bool = True,
    onlooker: Onlooker | None = None,
    **rules: Any,
) -> dict[str, Any]:
    """Return the result that a module would give, without starting a process. `arguments` are those of the module, `_ansible_…` included."""
    given = {key: value for key, value in arguments.items() if not key.startswith("_ansible_")}
    valid = ArgumentSpecValidator({**ARGUMENTS, **argument_spec}, **rules).validate(given)
    params, hidden = valid.validated_parameters, set(valid._no_log_values)
    invocation = {"module_args": masked(params)}
    hide(hidden, params)
    if wrong := _wrong(valid, arguments):
        result: dict[str, Any] = {"failed": True, "msg": wrong}
    elif MISSING:
        result = {"failed": True, "msg": missing_required_lib("kubernetes"), "exception": MISSING}
    else:
        with watched(onlooker, hidden):
            result = _outcome(reconcile, params, prepare, bool(arguments["_ansible_check_mode"]) if connected else None, hidden)
    if warnings := [f"Both option {each['option']} and its alias {each['alias']} are set." for each in valid._warnings]:
        result["warnings"] = [*warnings, *result.get("warnings", [])]
    shown = {"invocation": invocation, **_shown(result, diff=bool(arguments["_ansible_diff"]))}
    if not arguments.get("_ansible_inject_invocation", True):
        del shown["invocation"]
    plain = {key: value for key, value in shown.items() if value is None or isinstance(value, bool)}
    return {**remove_values(shown, hidden), **plain}


def _wrong(valid: ValidationResult, arguments: Mapping[str, Any]) -> str | None:
    """Return the error about wrong arguments in AnsibleModule's words; None if they are valid."""
    if not valid.error_messages:
        return None
    message = str(valid.errors.msg)
    return f"Unsupported parameters for ({arguments['_ansible_module_name']}) module: {message}" if isinstance(valid.errors[0], UnsupportedError) else message


def _outcome(reconcile: Reconcile, params: dict[str, Any], prepare: Prepare | None, dry_run: bool | None, hidden: set[str]) -> dict[str, Any]:
    """Return the result. Without a word about a dry run, no cluster is asked."""
    hide(hidden, params)
    try:
        if prepare:
            params = prepare(params)
            hide(hidden, params)
        return reconcile(None if dry_run is None else connect(params, dry_run=dry_run), params)
    except MeshError as error:
        return {**error.facts, "failed": True, "msg": str(error)}


def _shown(result: dict[str, Any], diff: bool) -> dict[str, Any]:
    """Leave the diff out unless --diff was given."""
    return {key: value for key, value in result.items() if diff or key != "diff"}


def hide(hidden: set[str], params: Any) -> None:
    """Register every secret in the parameters with Ansible, so that it hides them in all output."""
    for secret in set(secrets_of(params)):
        hidden.add(secret)
        if register_secret:
            register_secret(secret)
