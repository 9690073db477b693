# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Make filters of decisions.

Public filters begin with `mesh_` and have a page. Private filters begin with `_`. Only the roles and playbooks of this collection call them, and they may
change with every release. Their files lie in `deciding`, and `plugins/filter/_private.py` offers all of them to Ansible. That file is a symbolic link: Ansible
loads it as any other, and lists none of its filters in the documentation.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, wraps
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible.plugins.loader import test_loader
from jinja2 import pass_context

from ..module_utils._mesh.errors import MeshError

# Ansible loads its tests, such as `failed`, where a template first uses one. This file is loaded before Ansible forks, so not every fork loads them again.
TEST = test_loader.get("ansible.builtin.failed")
Decision = Callable[..., Any]
# For a decision whose first argument is all variables of the host, before what the filter is used on.
with_variables = pass_context


def named(**decisions: Decision) -> dict[str, Decision]:
    """Return the filters by name."""
    return {name: _filter(decide) for name, decide in decisions.items()}


@cache
def _filter(decide: Decision) -> Decision:
    """Return a filter that fails with the message of the decision. Ansible asks for all filters whenever it looks for one."""

    @wraps(decide)
    def filtered(*args: Any, **kwargs: Any) -> Any:
        try:
            return decide(*args, **kwargs)
        except MeshError as error:
            raise AnsibleFilterError(str(error)) from error

    return filtered
