# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Recognize a file's content that was given in place of its path. Messages about it must not show it, because it may be a key."""

from __future__ import annotations

import base64
import re
from typing import Any

_LONGEST, _LONGEST_NAME = 4095, 255  # the limits of Linux for a path and for a name in it, in bytes
_PEM = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----")
_KUBECONFIG = re.compile(r"^\s*(kind:\s*Config\b|(clusters|users|contexts):)", re.MULTILINE)
_CODED = re.compile(r"[A-Za-z0-9+/\s_-]{24,}={0,2}\s*")
_DER = tuple(bytes([0x30, second]) for second in (0x82, 0x81, 0x77, 0x2E))  # an ASN.1 sequence with a length that certificates and keys have


def content_kind(text: Any) -> str:
    """Return what the text is, such as "a key or certificate", if it cannot be a path; otherwise empty."""
    said = str(text)
    return _plain(said) or _coded(said) or _shape(said)


def _plain(said: str) -> str:
    if match := _PEM.search(said):
        return "a private key" if "KEY" in match[1] else "a certificate" if "CERTIFICATE" in match[1] else "PEM"
    if _KUBECONFIG.search(said):
        return "the text of a kubeconfig"
    if "apiVersion:" in said:
        return "the text of an object"
    if said.startswith("eyJ") and said.count(".") == 2:
        return "a token"
    return "JSON" if said.lstrip().startswith("{") else ""


def _coded(said: str) -> str:
    """Recognize base64. A path may consist of base64 characters too, so the decoded bytes have to look like a file."""
    if not _CODED.fullmatch(said):
        return ""
    letters = "".join(said.split())[:88].replace("-", "+").replace("_", "/").rstrip("=")
    first = base64.b64decode(letters[: len(letters) // 4 * 4])
    return "a key or certificate" if first.startswith(_DER) else _plain(first.decode("latin-1"))


def _shape(said: str) -> str:
    if "\n" in said.strip():
        return "a text of several lines"
    if "\0" in said:
        return "a text with characters that no path has"
    sizes = [(len(part.encode(errors="replace")), max(len(name.encode(errors="replace")) for name in part.split("/"))) for part in said.split(":")]
    return "a text that is longer than any path" if any(size > _LONGEST or longest > _LONGEST_NAME for size, longest in sizes) else ""
