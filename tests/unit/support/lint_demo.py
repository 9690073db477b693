# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A federation of three meshes as a demo may have it, with each defect that lint knows by name, and small CRDs of our own for its kinds."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent
from typing import Any

import yaml

FILES = {
    "north/control-plane.yaml": """
        apiVersion: v1
        kind: Namespace
        metadata: {name: north-mesh}
        ---
        apiVersion: maistra.io/v2
        kind: ServiceMeshControlPlane
        metadata: {name: north, namespace: north-mesh}
        spec:
          version: v2.3
          security:
            trust: {domain: north.local}
            identity: {type: ThirdParty, thirdParty: {audience: istio-ca}}
          gateways:
            additionalIngress:
              south-in:
                enabled: true
                service:
                  type: LoadBalancer
                  metadata: {labels: {federation.maistra.io/ingress-for: south}}
    """,
    "south/control-plane.yaml": """
        apiVersion: maistra.io/v2
        kind: ServiceMeshControlPlane
        metadata: {name: south, namespace: south-mesh}
        spec:
          version: v2.1
          security:
            trust: {domain: south.local}
            identity:
              type: ThirdParty
              audience: istio-ca
    """,
    "south/exports.yaml": """
        apiVersion: federation.maistra.io/v1
        kind: ExportedServiceSet
        metadata: {name: north, namespace: south-mesh}
        spec:
          exportRules:
            - type: LabelSelector
              labelSelector:
                namespace: south-shop
                selector: {matchLabels: {shared: "yes"}}
                alias:
                  - {namespace: south-shop, name: stock, alias: {namespace: north-shop, name: stock}}
    """,
    "north/imports.yaml": """
        apiVersion: federation.maistra.io/v1
        kind: ImportedServiceSet
        metadata: {name: south, namespace: north-mesh}
        spec:
          importRules:
            - type: NameSelector
              # traffic to a local import bypasses the mesh
              importAsLocal: false
              nameSelector: {namespace: south-shop, name: stock}
    """,
    "north/peer.yaml": """
        apiVersion: federation.maistra.io/v1
        kind: ServiceMeshPeer
        metadata: {name: south, namespace: north-mesh}
        spec:
          remote:
            addresses: [south-ingress-address]
          gateways: {ingress: {name: south-in}, egress: {name: south-out}}
          security:
            trustDomain: south.local
            clientID: south.local/ns/suth-mesh/sa/north-out-service-account
            certificateChain: {kind: ConfigMap, name: south-root}
    """,
    "operators.yaml": """
        apiVersion: operators.coreos.com/v1alpha1
        kind: Subscription
        metadata: {name: servicemeshoperator, namespace: openshift-operators}
        spec: {channel: stable, name: servicemeshoperator, source: redhat-operators, sourceNamespace: openshift-marketplace}
        ---
        apiVersion: v1
        kind: Namespace
        metadata: {name: north-shop}
        ---
        apiVersion: v1
        kind: Namespace
        metadata: {name: south-shop}
    """,
    "look.sh": """
        #!/bin/sh
        kubectl get subscription servicemeshoperator -n openshift-operators-of-old -o yaml
        kubectl get subscription servicemeshoperator -n openshift-operators -o yaml
    """,
    "federate.sh": """
        #!/bin/bash
        set -e
        MESH=north-mesh
        gsed -i 's/@root@/one\\\\ntwo/' north/root.tmpl
        oc create configmap south-root -n $MESH --from-file=root-cert.pem=/tmp/root.pem
        oc apply -f north/south-root-ca.yaml
        oc apply -f north/peer.yaml \\\\
          --server-side
    """,
    "clean.sh": """
        #!/bin/bash
        oc delete project shop-of-north
        oc delete project northshop
        oc delete project north-mesh
        oc delete smcp north -n north-mesh
        oc delete subscription servicemeshoperator -n openshift-operators
    """,
    "sail.yaml": """
        apiVersion: sailoperator.io/v1alpha1
        kind: Istio
        metadata: {name: default}
        spec:
          version: v1.24-latest
          namespace: istio-system
          meshConfig: {accessLogFile: /dev/stdout}
    """,
}

# By name, where each defect is: the file and its line.
DEFECTS: dict[str, list[tuple[str, int]]] = {
    "export-alias": [("south/exports.yaml", 10)],
    "peer-client-id": [("north/peer.yaml", 10)],
    "missing-file": [("federate.sh", 6)],
    "placeholder-address": [("north/peer.yaml", 6)],
    "load-balancer-type": [("north/control-plane.yaml", 19)],
    "identity-audience": [("south/control-plane.yaml", 10)],
    "operator-namespace": [("look.sh", 2)],
    "not-repeatable": [("federate.sh", 5)],
    "platform-sed": [("federate.sh", 4)],
    "cleanup-unknown-namespace": [("clean.sh", 2), ("clean.sh", 3)],
    "cleanup-order": [("clean.sh", 4)],
    "cleanup-leaves-operator": [("clean.sh", 6)],
    "import-as-local-comment": [("north/imports.yaml", 7)],
    "sail-v1alpha1": [("sail.yaml", 1)],
    "unknown-field": [("sail.yaml", 7)],
}


def demo(folder: Path) -> Path:
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(dedent(text).lstrip().replace("\\\\", "\\"), encoding="utf-8")
    return folder


def text() -> dict[str, Any]:
    return {"type": "string"}


def mapping(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def several(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def free() -> dict[str, Any]:
    return {"type": "object", "additionalProperties": text()}


def definition(group: str, kind: str, spec: dict[str, Any], versions: tuple[str, ...] = ("v1",), namespaced: bool = True) -> dict[str, Any]:
    schema = {"openAPIV3Schema": mapping(spec=spec, status={"type": "object", "x-kubernetes-preserve-unknown-fields": True})}
    served = [{"name": name, "served": True, "storage": name == versions[0], "schema": schema, "subresources": {"status": {}}} for name in versions]
    plural = f"{kind.lower()}s"
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced" if namespaced else "Cluster",
            "names": {"kind": kind, "plural": plural, "singular": kind.lower(), "listKind": f"{kind}List"},
            "versions": served,
        },
    }


def crds() -> list[dict[str, Any]]:
    """CRDs with what the files above use and little more."""
    named = mapping(namespace=text(), name=text())
    aliased = {**named, "properties": {**named["properties"], "alias": named}}
    selector = mapping(namespace=text(), selector=mapping(matchLabels=free()), aliases=several(aliased))
    number = {"type": "integer"}
    gateway = mapping(enabled={"type": "boolean"}, service=mapping(type=text(), metadata=mapping(labels=free(), annotations=free())))
    identity = mapping(type=text(), thirdParty=mapping(audience=text(), issuer=text()))
    plane = mapping(
        version=text(),
        security=mapping(trust=mapping(domain=text()), identity=identity),
        gateways=mapping(additionalIngress={"type": "object", "additionalProperties": gateway}),
    )
    door = mapping(name=text())
    peer = mapping(
        remote=mapping(addresses=several(text()), discoveryPort=number),
        gateways=mapping(ingress=door, egress=door),
        security=mapping(trustDomain=text(), clientID=text(), certificateChain=mapping(kind=text(), name=text())),
    )
    istio = {**mapping(
        version={**text(), "enum": ["v1.24-latest", "v1.27-latest"]},
        namespace={**text(), "x-kubernetes-validations": [{"rule": "self == oldSelf", "message": "Value is immutable"}]},
        values=mapping(meshConfig=mapping(accessLogFile=text()), **{"global": mapping(istioNamespace=text())}),
    ), "required": ["version"]}  # fmt: skip
    istio["x-kubernetes-validations"] = [{
        "rule": "!has(self.values) || !has(self.values.global) || self.values.global.istioNamespace == self.__namespace__",
        "message": "spec.values.global.istioNamespace must match spec.namespace",
    }]  # fmt: skip
    exported = mapping(exportRules=several(mapping(type=text(), labelSelector=selector, nameSelector=aliased)))
    imported = mapping(importRules=several(mapping(type=text(), importAsLocal={"type": "boolean"}, nameSelector=aliased)))
    return [
        definition("maistra.io", "ServiceMeshControlPlane", plane, ("v2",)),
        definition("federation.maistra.io", "ServiceMeshPeer", peer),
        definition("federation.maistra.io", "ExportedServiceSet", exported),
        definition("federation.maistra.io", "ImportedServiceSet", imported),
        definition("sailoperator.io", "Istio", istio, namespaced=False),
        definition("operators.coreos.com", "Subscription", mapping(**dict.fromkeys(("channel", "name", "source", "sourceNamespace"), text())), ("v1alpha1",)),
    ]


def crd_folder(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for crd in crds():
        (folder / f"{crd['metadata']['name']}.yaml").write_text(yaml.safe_dump(crd), encoding="utf-8")
    return folder
