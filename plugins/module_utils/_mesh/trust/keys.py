# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Say which keys the certificates of others may have, so that a mesh can use them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class UsableKeys:
    """`families` are the families of keys that the proxies of a mesh can use, or single types of a family: "RSA", "EC P-256". Without any, all keys fit.

    `refusal` ends the sentence about any other key. It names who does not accept the key, and says what to use. If `one_family` is set, a CA and the
    certificate that signed it must have keys of one family. It ends the sentence about two families in the same way.
    """

    families: Sequence[str] = ()
    refusal: str = ""
    one_family: str = ""

    def fit(self, key_type: str) -> bool:
        return not self.families or bool({key_type, family(key_type)} & {*self.families})


def family(key_type: str) -> str:
    """Return the family of a key type such as EC P-256."""
    return key_type.partition(" ")[0]


ALL = UsableKeys()
