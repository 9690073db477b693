# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read folders of manifests with the line of each field, and the scripts beside them. No message shows their content, because it may be a Secret's."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..._mesh.errors import MeshError, Refused
from ..._mesh.lint.given import Document, Script
from ..reach.access import read_file
from . import manifest_file

_MANIFESTS, _SCRIPTS = (".yaml", ".yml", ".json"), (".sh", ".bash")
_COMMENT = re.compile(r"(?:^|\s)#\s*(.*)$")
_TEMPLATE = re.compile(r"\{\{|\{%")


@dataclass
class ReadFiles:
    """What was read: objects, scripts, the names of all files, and the files that could not be read with line and half a sentence."""

    documents: list[Document] = field(default_factory=list)
    scripts: list[Script] = field(default_factory=list)
    files: set[str] = field(default_factory=set)
    unread: list[tuple[str, int, str]] = field(default_factory=list)


def read(paths: Sequence[str]) -> ReadFiles:
    """Read files and folders. A path that does not exist is refused; a file that is not valid is one of the unread."""
    result = ReadFiles()
    for path in paths:
        for file in _files(Path(path).expanduser()):
            result.files.add(str(file))
            if file.suffix in _SCRIPTS:
                result.scripts.append(Script(str(file), read_file(str(file), "script").decode(errors="replace").splitlines()))
            elif file.suffix in _MANIFESTS:
                _take(result, str(file))
    return result


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
    elif path.is_dir():
        inside = sorted(each for each in path.rglob("*") if each.is_file())
        yield from (each for each in inside if not any(part.startswith(".") for part in each.relative_to(path).parts))
    else:
        raise Refused(f"{path} is neither a file nor a folder. Correct src, beside or crds.")


def _take(result: ReadFiles, file: str) -> None:
    text = read_file(file, "file of manifests")
    if text.startswith(manifest_file.VAULTED):
        result.unread.append((file, 1, "is encrypted by ansible-vault, so nobody looked into it"))
        return
    comments = _comments(text.decode(errors="replace"))
    try:
        for manifest, lines in manifest_file.marked(text):
            result.documents.append(Document(manifest, file, lines, comments))
    except MeshError as error:
        template = " It looks like a template: render it first, as helm template does." if _TEMPLATE.search(text.decode(errors="replace")) else ""
        line = int(error.facts.get("line", 0))
        result.unread.append((file, line, f"{error}{template}".rstrip(".")))


def _comments(text: str) -> list[tuple[int, str]]:
    matched = ((number, _COMMENT.search(line)) for number, line in enumerate(text.splitlines(), 1))
    return [(number, comment[1]) for number, comment in matched if comment]
