# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values by their path, as rules of the chart read them: what a chart's default leaves empty is empty here, too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# Defaults of the chart that its own rules depend on, and that are not empty.
_DEFAULTS: Mapping[str, Any] = {
    "global.adminPartitions.name": "default",
    "global.enabled": True,
    "server.enabled": True,
    "global.metrics.datadog.otlp.protocol": "http",
    "server.limits.requestLimits.mode": "disabled",
    "telemetryCollector.image": "set",
}


class Values:
    """Values of the chart, merged."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def at(self, path: str) -> Any:
        """Return the value, or the chart's default where it matters; None for what is not set."""
        value: Any = self._values
        for part in path.split("."):
            if not isinstance(value, Mapping) or part not in value:
                return _DEFAULTS.get(path)
            value = value[part]
        return value

    def text(self, path: str) -> str:
        value = self.at(path)
        return "" if value is None else str(value)

    def on(self, path: str) -> bool:
        """Return whether the chart takes the value for true."""
        return bool(self.at(path))

    def number(self, path: str) -> int:
        text = self.text(path)
        return int(text) if text.isdigit() else 0

    def both_or_none(self, path: str) -> bool:
        """Return whether a Secret and its key are named together."""
        return self.on(f"{path}.secretName") == self.on(f"{path}.secretKey")

    def listed(self, path: str) -> list[Mapping[str, Any]]:
        """Return the entries of a list; none if it is no list."""
        entries = self.at(path)
        return [one for one in entries if isinstance(one, Mapping)] if isinstance(entries, list) else []

    def names(self, path: str) -> list[str]:
        """Return the names of the entries of a list; an empty text for one without a name."""
        return [str(one.get("name") or "") for one in self.listed(path)]
