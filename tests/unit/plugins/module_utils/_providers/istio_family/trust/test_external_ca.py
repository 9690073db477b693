# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who signs in istiod's place, from objects as the guides of istio-csr and of other CAs make them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.meshops.lifecycle.plugins.module_utils._providers.istio_family.trust import external_ca, trust
from ansible_collections.meshops.lifecycle.tests.unit.support import istio_live

CSR = "cert-manager-istio-csr.cert-manager.svc:443"
TLS = ["discovery", "--tlsCertFile=/etc/cert-manager/tls/tls.crt", "--tlsKeyFile=/etc/cert-manager/tls/tls.key"]


def plane(revision: str = "stable", args: list[str] | None = None, **given: str) -> dict[str, Any]:
    made = istio_live.deployment(revision)
    made["spec"]["template"]["spec"]["containers"][0] |= {"args": args or ["discovery"], "env": [{"name": key, "value": value} for key, value in given.items()]}
    return made


def injector(address: str | None, revision: str = "stable", text: str = "") -> dict[str, Any]:
    labels = {"istio.io/rev": revision}
    name = "istio-sidecar-injector" + ("" if revision == "default" else f"-{revision}")
    values = text or json.dumps({"global": {"caAddress": address}})
    return {"metadata": {"name": name, "namespace": istio_live.NAMESPACE, "labels": labels}, "data": {"config": "policy: enabled", "values": values}}


def said(planes: list[dict[str, Any]], *maps: dict[str, Any]) -> str:
    return external_ca.issuer({"Deployment": planes, "ConfigMap": list(maps)}, {})


@pytest.mark.parametrize(("planes", "maps", "found"), [
    pytest.param([], [], "", id="no control plane yet"),
    pytest.param([plane()], [injector("")], "", id="istiod itself"),
    pytest.param([plane(ENABLE_CA_SERVER="true")], [injector("istiod-stable.istio-system.svc:15012")], "", id="istiod, said in so many words"),
    pytest.param([plane()], [injector("istiod.of-another-cluster.example:15012")], "", id="another cluster's istiod"),
    pytest.param([plane(args=TLS, ENABLE_CA_SERVER="false")], [injector(CSR)], f"cert-manager's istio-csr ({CSR})", id="istio-csr by its guide"),
    pytest.param([plane(ENABLE_CA_SERVER="False")], [injector(CSR)], f"cert-manager's istio-csr ({CSR})", id="as Sail has it"),
    pytest.param([plane()], [injector(CSR)], f"cert-manager's istio-csr ({CSR})", id="proxies ask istio-csr, and istiod signs for nobody"),
    pytest.param([plane(args=TLS, ENABLE_CA_SERVER="false")], [], "cert-manager's istio-csr", id="by istiod's own certificate"),
    pytest.param([plane(args=TLS)], [injector("")], "", id="istiod's own certificate alone"),
    pytest.param([plane(ENABLE_CA_SERVER="false")], [injector("ca.example:443")], "another CA (ca.example:443)", id="another CA"),
    pytest.param([plane(EXTERNAL_CA="ISTIOD_RA_KUBERNETES_API")], [], "another CA", id="the Kubernetes CSR API"),
    pytest.param([plane("blue"), plane(ENABLE_CA_SERVER="false")], [injector(CSR)], f"cert-manager's istio-csr ({CSR})", id="one of two revisions"),
    pytest.param([plane("blue")], [injector(CSR)], "", id="another revision's proxies"),
    pytest.param([plane()], [injector(None, text="{")], "", id="values that cannot be read"),
    pytest.param([plane()], [injector(None, text="[]")], "", id="values that are none"),
])  # fmt: skip
def test_who_signs(planes: list[dict[str, Any]], maps: list[dict[str, Any]], found: str) -> None:
    assert said(planes, *maps) == found
    assert trust.external_issuer("istio-system").judge({"Deployment": planes, "ConfigMap": maps}, {}) == found
