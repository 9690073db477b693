#!/usr/bin/python
# Copyright: (c) 2026, meshops contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: operators
short_description: Install, adopt, upgrade or remove operators by OLM
version_added: 0.1.0
description:
  - Brings the packages of O(packages), one after the other, to the versions that are pinned. It writes a Subscription and, if its namespace has none, an
    OperatorGroup, or a ClusterExtension where the cluster has OLM v1.
  - Approves an InstallPlan only if each of its ClusterServiceVersions is the pin of a package in O(packages), one of O(packages[].dependencies), or a step to
    the pin. It leaves all other InstallPlans unapproved and says what they would install.
  - A package is installed when its ClusterServiceVersion has succeeded, C(installedCSV) is the pin, and the API server serves its CRDs.
  - By a ClusterExtension it is installed when C(Installed) names the pin, the Deployments that it brought run, and the API server serves
    O(packages[].crds). OLM v1 itself says C(Installed) before anything runs.
  - Adopts a Subscription that exists for the package in the same namespace, whatever its name is. Leaves one alone that belongs to OpenShift's own Gateway API,
    to a hub of Advanced Cluster Management, or to a tool such as Argo CD. If such a Subscription has not installed the pin, the module fails before the first
    write.
  - Never goes back to an older version.
  - Asks the API server before the first write whether the credential may write what is needed, and fails if not. Operands are left out, as a removal begins
    with them.
  - A run that was killed is resumed by the next one, because the module decides by what the cluster holds.
author:
  - meshops contributors (@meshops)
options:
  packages:
    description: The packages, in the order in which they are installed. They are removed in the opposite order.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The name of the package in its catalogue.
        type: str
        required: true
      namespace:
        description: The namespace of the operator. The module makes it if it does not exist.
        type: str
        default: openshift-operators
      channel:
        description:
          - The channel of the package. Without it, what installs the package already keeps its own.
          - A new Subscription without it takes the default channel, a new ClusterExtension all channels.
        type: str
      source:
        description: The CatalogSource of a Subscription.
        type: str
        default: redhat-operators
      source_namespace:
        description: The namespace of the CatalogSource.
        type: str
        default: openshift-marketplace
      csv:
        description: The pin of a Subscription, the whole name of the ClusterServiceVersion, such as V(demo-operator.v1.2.0).
        type: str
      version:
        description:
          - The pin of a ClusterExtension or of a chart. Without it, it is the version in the name in O(packages[].csv).
          - For a ClusterExtension it has to be a whole version such as V(1.2.0), because OLM takes anything else for a range.
        type: str
      through:
        description:
          - The versions through which an upgrade goes, as in O(packages[].csv) or O(packages[].version). A Subscription then takes no other step.
          - Without it, a Subscription takes each step of its channel that is newer than the installed version and not newer than the pin, and a
            ClusterExtension goes to the pin at once.
        type: list
        elements: str
      dependencies:
        description: ClusterServiceVersions of other packages that an InstallPlan may install beside the pin.
        type: list
        elements: str
      approval:
        description:
          - With V(Manual), the module approves the InstallPlan of the pin.
          - With V(Automatic), OLM goes to the newest version of the channel by itself, and a pin is refused, because it would not hold. The module then takes
            the pin from a ClusterExtension that has one.
        type: str
        choices: [Manual, Automatic]
        default: Manual
      targets:
        description:
          - The namespaces of an OperatorGroup that the module makes; all namespaces without it, or if the list is empty.
          - If it is given and the namespace has an OperatorGroup with other targets, the module fails.
        type: list
        elements: str
      crds:
        description: CRDs that must be served besides those which the ClusterServiceVersion names. OLM v1 names none.
        type: list
        elements: str
      operands:
        description:
          - The kinds of objects that the operator works for, in the order in which a removal deletes them. Without it they are all kinds whose CRDs the
            ClusterServiceVersion brings.
        type: list
        elements: dict
        suboptions:
          api_version:
            description: The C(apiVersion) of the kind.
            type: str
            required: true
          kind:
            description: The kind.
            type: str
            required: true
      after:
        description:
          - Operators that have to have at least this version before the package is installed beside them. One that is not installed counts for nothing.
          - If one of them is older, the module fails before the first write, unless an earlier entry of O(packages) brings it to such a version.
        type: list
        elements: dict
        suboptions:
          name:
            description: The name of the other operator's package.
            type: str
            required: true
          version:
            description: The version that it has to have.
            type: str
            required: true
      catalog:
        description:
          - The ClusterCatalog of a ClusterExtension. Without it, a ClusterExtension that exists keeps its own, and otherwise all catalogues count that are
            switched on.
          - The module waits until each that counts serves its content, because OLM finds nothing as long as one of them does not.
        type: str
      service_account:
        description:
          - The ServiceAccount of a ClusterExtension, in O(packages[].namespace), with the rights to install the package.
          - Newer OLM needs none. The module fails before the first write if the API server requires one, or if the ClusterExtension has another one, which
            nobody can change. Without it, a ClusterExtension that exists keeps its own.
        type: str
      self_certified:
        description: Whether a ClusterExtension may go to a version to which its catalogue has no upgrade.
        type: bool
        default: false
      chart:
        description: The Helm chart of the operator for clusters without OLM. The module only returns the release in RV(releases).
        type: dict
        suboptions:
          name:
            description: The name of the release.
            type: str
            required: true
          ref:
            description: The chart's name, its OCI reference, or a directory.
            type: str
            required: true
          repository:
            description: The URL of the chart repository.
            type: str
          version:
            description: The version of the chart. Without it, it is O(packages[].version).
            type: str
          values:
            description: The values of the release.
            type: dict
            default: {}
      deprecated:
        description: A sentence that the module returns in RV(notices), because the package is not to be used any more.
        type: str
  state:
    description:
      - V(present) installs and upgrades the packages.
      - V(absent) removes them. The operands go first, while their operators still run, then the Subscription and its ClusterServiceVersion. OperatorGroups and
        namespaces stay.
    type: str
    choices: [present, absent]
    default: present
  api:
    description:
      - What installs the packages. V(v0) is a Subscription, V(v1) a ClusterExtension, V(chart) a Helm chart.
      - V(auto) takes what installs a package already; otherwise V(v0) if the cluster serves it, V(v1) if not, and V(chart) if it serves neither.
    type: str
    choices: [auto, v0, v1, chart]
    default: auto
  remove_operands:
    description: Whether a removal deletes the operands. Without it, a removal fails if there are any.
    type: bool
    default: false
  remove_crds:
    description:
      - Whether a removal deletes the CRDs that only this operator brings. It fails if they still have objects that are no operands.
      - OLM v1 always deletes them, so without this the module removes no ClusterExtension.
      - Of a chart, the module deletes only those in O(packages[].crds), and says so in RV(notices) if there are none.
    type: bool
    default: false
  wait_timeout:
    description:
      - How many seconds to wait for each step, such as one version. What is wrong and may heal by itself is given up after 60 seconds.
      - A write that somebody else undoes is made three times. Then the module fails and names the object.
    type: int
    default: 600
seealso:
  - module: meshops.lifecycle.releases
  - name: Role operator
    link: https://github.com/meshops/lifecycle/blob/main/roles/operator/README.md
    description: The role C(operator), which calls this module with sets of packages.
extends_documentation_fragment:
  - meshops.lifecycle._connection
  - meshops.lifecycle._attributes
  - meshops.lifecycle._attributes.in_process
attributes:
  check_mode:
    support: full
    details: RV(plan) has the next write of each package. What comes after it depends on what OLM makes of it.
"""

EXAMPLES = r"""
- name: Install one operator, and nothing else
  meshops.lifecycle.operators:
    kubeconfig: ~/.kube/config
    context: east
    packages:
      - name: kiali-ossm
        channel: stable
        csv: kiali-operator.v2.4.3

- name: Remove it with everything that it works for, and keep its CRDs
  meshops.lifecycle.operators:
    kubeconfig: ~/.kube/config
    context: east
    state: absent
    remove_operands: true
    packages:
      - name: kiali-ossm
        operands:
          - {api_version: kiali.io/v1alpha1, kind: Kiali}
"""

RETURN = r"""
changes:
  description: Each object that was written and what became of it.
  returned: success
  type: list
  elements: dict
  contains:
    object: {description: "Kind, namespace and name.", type: str, sample: Subscription openshift-operators/kiali-ossm}
    action: {description: "One of V(created), V(updated), V(deleted) and V(unchanged).", type: str, sample: created}
operators:
  description: What is installed of each package.
  returned: success
  type: list
  elements: dict
  contains:
    package: {description: The package., type: str, sample: kiali-ossm}
    namespace: {description: Its namespace., type: str, sample: openshift-operators}
    api: {description: "What installs it, as in O(api); empty if nothing can.", type: str, sample: v0}
    csv: {description: The installed ClusterServiceVersion., type: str, sample: kiali-operator.v2.4.3}
    version: {description: The version that a ClusterExtension has installed., type: str, sample: ""}
notices:
  description: What is deprecated, and what belongs to somebody else and was left alone.
  returned: success
  type: list
  elements: str
  sample: []
plan:
  description: In check mode, the next write of each package, or what it waits for.
  returned: success
  type: list
  elements: str
  sample: ["kiali-ossm: approve InstallPlan openshift-operators/install-abcde (kiali-operator.v2.4.3)"]
releases:
  description: The Helm releases of packages that a chart installs, as the module M(meshops.lifecycle.releases) takes them.
  returned: success
  type: list
  elements: dict
  sample: []
"""

from ..module_utils._ansible.run import run
from ..module_utils._work.operators.operators import TASK, reconcile


def main() -> None:
    run(reconcile, **TASK)


if __name__ == "__main__":
    main()
