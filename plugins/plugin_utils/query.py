# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cut data by JMESPath."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..module_utils._mesh.errors import MeshError, Refused

try:
    import jmespath
    from jmespath.exceptions import JMESPathError
except ImportError:
    jmespath = None
    JMESPathError = ValueError


def cut(data: Any, expression: str) -> Any:
    """Return what the expression selects. JMESPath compares only plain types, so the data become those that JSON has."""
    if jmespath is None:
        raise MeshError("The Python of the controller has no jmespath, which reads the query. Install jmespath 1.0.1 or newer there.")
    try:
        return jmespath.search(str(expression), json.loads(json.dumps(_read(data), default=str)))
    except JMESPathError as wrong:
        raise Refused(f"The query {str(expression)!r} cannot be used: {wrong}") from wrong


def _read(value: Any) -> Any:
    """Return a value with everything in it read. Ansible renders an entry only when somebody reads it."""
    if isinstance(value, Mapping):
        return {str(key): _read(value[key]) for key in value}
    return [_read(one) for one in value] if isinstance(value, list | tuple) else value
