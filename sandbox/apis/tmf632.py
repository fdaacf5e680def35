"""TMF632 Party v4: people and companies. A few are there at the start, with their customers and accounts."""

from sandbox.seed.people import parties
from sandbox.tables import Api, Lifecycle, Resource

_INDIVIDUAL = (
    "id href aristocraticTitle birthDate countryOfBirth deathDate familyName familyNamePrefix formattedName fullName "
    "gender generation givenName legalName location maritalStatus middleName nationality placeOfBirth "
    "preferredGivenName title contactMedium creditRating disability externalReference individualIdentification "
    "languageAbility otherName partyCharacteristic relatedParty skill status taxExemptionCertificate @baseType "
    "@schemaLocation @type"
)
_ORGANIZATION = (
    "id href isHeadOffice isLegalEntity name nameType organizationType tradingName contactMedium creditRating "
    "existsDuring externalReference organizationChildRelationship organizationIdentification "
    "organizationParentRelationship otherName partyCharacteristic relatedParty status taxExemptionCertificate "
    "@baseType @schemaLocation @type"
)
_ARRAYS = (
    "contactMedium",
    "creditRating",
    "externalReference",
    "otherName",
    "partyCharacteristic",
    "relatedParty",
    "taxExemptionCertificate",
)
INDEXED = (
    "externalReference.name",
    "relatedParty.id",
    "contactMedium.characteristic.emailAddress",
    "contactMedium.characteristic.phoneNumber",
)

INDIVIDUAL = Resource(
    path="individual",
    type="Individual",
    required=("givenName", "familyName"),
    indexed=INDEXED,
    lifecycle=Lifecycle("status", frozenset({"initialized", "validated", "deceaded"})),
    attributes=frozenset(_INDIVIDUAL.split()),
    arrays=tuple(sorted((*_ARRAYS, "disability", "individualIdentification", "languageAbility", "skill"))),
)
ORGANIZATION = Resource(
    path="organization",
    type="Organization",
    required=("tradingName",),
    indexed=INDEXED,
    lifecycle=Lifecycle("status", frozenset({"initialized", "validated", "closed"})),
    attributes=frozenset(_ORGANIZATION.split()),
    arrays=tuple(sorted((*_ARRAYS, "organizationChildRelationship", "organizationIdentification"))),
)
TMF632 = Api(
    name="TMF632",
    base_path="/tmf-api/party/v4",
    version="4.0.0",
    seed=parties,
    resources=(INDIVIDUAL, ORGANIZATION),
)
