# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the page of all variables, docs/docsite/rst/variables.rst, from the table in inventories/example/README.md."""

from __future__ import annotations

import re
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
TABLE, PAGE = CHECKOUT / "inventories/example/README.md", CHECKOUT / "docs/docsite/rst/variables.rst"
ROW = re.compile(r"^\| `(mesh_\w+)` \|(.*)\|$", re.MULTILINE)
HEAD = """\
.. This page is made by mk/variables.py. Change the table in inventories/example/README.md instead.

.. _ansible_collections.meshops.lifecycle.docsite.variables:

Every variable
==============

These are the variables that you set in an inventory. The column *level* says where you usually set a variable; you may set any of them at any level, and
Ansible's rules of precedence hold: cluster before site before mesh. Give a variable of the level *run* with ``-e``. A host without ``mesh_name`` or without
``mesh_kube`` is not a cluster of a mesh: every playbook skips it and says so in one line.

:ref:`ansible_collections.meshops.lifecycle.docsite.inventory` explains how they belong together. Variables of one role only, such as ``cutover_to``, stand on
the page of the role.

.. list-table::
   :header-rows: 1
   :widths: 20 10 20 50

   * - Variable
     - Level
     - Default
     - Meaning
"""


def plain(text: str) -> str:
    """Markdown of a cell as reStructuredText: code has two backquotes, and a link is its text."""
    return re.sub(r"\[([^\]]+)\]\([^)]+\)", r"``\1``", re.sub(r"`([^`]+)`", r"``\1``", text)).strip()


def page(table: str) -> str:
    """Return the page for a README."""
    rows = []
    for name, rest in ROW.findall(table):
        level, default, meaning = (plain(cell) for cell in rest.split("|"))
        cells = [f"   * - ``{name}``", f"     - {level}", f"     - {default}".rstrip(), f"     - {meaning}"]
        rows.append("\n".join(cells))
    return HEAD + "\n".join(rows) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(TABLE.read_text(encoding="utf-8")), encoding="utf-8")
