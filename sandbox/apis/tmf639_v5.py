"""TMF639 Resource Inventory v5: v4's resources in other words (`forms639`), at a path without `/tmf-api`."""

from dataclasses import replace

from sandbox.apis.forms639 import NEWER, settled
from sandbox.apis.tmf639 import RESOURCE, STATES
from sandbox.tables import Api

_NAMES = (
    "id href category description name creationDate startOperatingDate endOperatingDate operationalState usageState "
    "administrativeState lifecycleState alarmStatus proceduralStatus availabilityStatus controlStatus unknownStatus "
    "allocationStatus validFor note resourceOrderItem place relatedParty supportingResource resourceRelationship "
    "resourceCharacteristic attachment resourceSpecification resourceVersion activationFeature intent "
    "externalIdentifier @type @baseType @schemaLocation value manufactureDate standbyStatus powerState "
    "powerConsumingState powerConsumingLevel serialNumber batchNumber versionNumber"
)

TMF639_V5 = Api(
    name="TMF639",
    base_path="/resourceInventory/v5",
    version="5.0.0",
    resources=(
        replace(
            RESOURCE,
            required=("@type",),
            references={
                "resourceSpecification": "TMF634.resourceSpecification",
                "resourceRelationship.resource": "TMF639.resource",
                "place.place": "TMF674.geographicSite",
            },
            lifecycle=replace(
                STATES,
                attribute="allocationStatus",
                states=STATES.states | {"allocated"},
                read=settled,
            ),
            attributes=frozenset(_NAMES.split()),
            arrays=(
                "activationFeature",
                "alarmStatus",
                "attachment",
                "externalIdentifier",
                "note",
                "place",
                "relatedParty",
                "resourceCharacteristic",
                "resourceOrderItem",
                "resourceRelationship",
                "supportingResource",
            ),
            shape=NEWER,
        ),
    ),
    elsewhere={
        "TMF634.resourceSpecification": "/resourceCatalog/v5/resourceSpecification",
        "TMF674.geographicSite": "/geographicSite/v5/geographicSite",
    },
)
