"""TMF639 Resource Inventory v4: telephone numbers and SIM cards, as the file of 2020 has it.

`/resource` shows all of them, `/logicalResource` and `/physicalResource` those of their type. Under the habit
`transitions-enforced` the moves are those of v5's words, so that use counts too: only the reserved can be allocated,
and nothing that is reserved can be reserved again.
"""

from dataclasses import replace

from sandbox.apis.forms639 import OLDER, allocation
from sandbox.seed.numbers import Numbers
from sandbox.tables import Api, Lifecycle, Resource

_RESOURCE = (
    "id href category description endOperatingDate name resourceVersion startOperatingDate activationFeature "
    "administrativeState attachment note operationalState place relatedParty resourceCharacteristic "
    "resourceRelationship resourceSpecification resourceStatus usageState @baseType @schemaLocation @type"
)
_LOGICAL = "value @referredType"
_PHYSICAL = "manufactureDate powerState serialNumber versionNumber @referredType"
_ARRAYS = (
    "activationFeature", "attachment", "note", "relatedParty", "resourceCharacteristic", "resourceRelationship",
)  # fmt: skip

_REST = ("suspended", "standby")
MOVES = {
    "available": frozenset({"reserved", *_REST}),
    "reserved": frozenset({"available", "allocated", *_REST}),
    "allocated": frozenset({"available", *_REST}),
    "suspended": frozenset({"available", "standby"}),
    "standby": frozenset({"available", "suspended"}),
}
STATES = Lifecycle(
    "resourceStatus",
    frozenset({"standby", "alarm", "available", "reserved", "unknown", "suspended"}),
    usual=MOVES,
    read=allocation,
    told_by=frozenset({"resourceStatus", "allocationStatus", "usageState"}),
    once=frozenset({"reserved", "allocated"}),
)

RESOURCE = Resource(
    path="resource",
    type="Resource",
    required=("name",),
    references={
        "resourceSpecification": "TMF634.resourceSpecification",
        "resourceRelationship.resource": "TMF639.resource",
        "place": "TMF674.geographicSite",
    },
    indexed=(
        "@type",
        "allocationStatus",
        "category",
        "name",
        "relatedParty.id",
        "resourceCharacteristic.name",
        "resourceCharacteristic.value",
        "resourceSpecification.id",
        "resourceStatus",
        "serialNumber",
        "usageState",
        "value",
    ),
    created="creationDate",
    lifecycle=STATES,
    attributes=frozenset(f"{_RESOURCE} {_LOGICAL} {_PHYSICAL}".split()),
    arrays=_ARRAYS,
    shape=OLDER,
)


def _only(path: str, kind: str, *, required: tuple[str, ...], names: str) -> Resource:
    return replace(
        RESOURCE,
        path=path,
        type=kind,
        required=required,
        attributes=frozenset(f"{_RESOURCE} {names}".split()),
        kept_as="resource",
        only=kind,
    )


TMF639 = Api(
    name="TMF639",
    base_path="/tmf-api/resourceInventoryManagement/v4",
    version="4.0.0",
    resources=(
        RESOURCE,
        _only("logicalResource", "LogicalResource", required=(), names=_LOGICAL),
        _only("physicalResource", "PhysicalResource", required=("name",), names=_PHYSICAL),
    ),
    rule=Numbers,
    elsewhere={
        "TMF634.resourceSpecification": "/tmf-api/resourceCatalog/v4/resourceSpecification",
        "TMF674.geographicSite": "/tmf-api/geographicSiteManagement/v4/geographicSite",
    },
)
