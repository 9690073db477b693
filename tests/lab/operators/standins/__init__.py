# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stand-ins of OLM and of the Sail operator for clusters of tests: tests/lab/operators/README.md.

The modules here decide without I/O what comes next; `server` and `play` do it on an API server. Each behaviour names the file of the original that
it follows: `OLM` is operator-framework/operator-lifecycle-manager v0.46, `OC` operator-framework/operator-controller v1.11, `SO` istio-ecosystem/sail-operator
after 1.30.3, and `seen` what was watched from outside while these ran against a real API server.
"""
