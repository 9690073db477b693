# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Expected results in files, so that a change of them is reviewed as a diff. `UPDATE_GOLDEN=1` writes the files again."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

HEADER = """\
# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Written by UPDATE_GOLDEN=1 make unit; read the diff before you commit it.
"""


class _Plain(yaml.SafeDumper):
    """Write YAML without anchors and with sequences indented as in this repository."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def assert_golden(path: Path, documents: Sequence[Any]) -> None:
    """Compare the documents with those of the file, in order. The file holds a list, because ansible-test allows one YAML document a file."""
    told = HEADER + yaml.dump(json.loads(json.dumps(documents)), Dumper=_Plain, explicit_start=True, sort_keys=False, width=120)
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(told, encoding="utf-8")
    assert path.is_file(), f"{path.name} is missing: UPDATE_GOLDEN=1 writes it."
    assert told == path.read_text(encoding="utf-8"), f"{path.name} expects something else: UPDATE_GOLDEN=1 writes it anew, read the diff."
