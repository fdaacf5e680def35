"""Where the inventory is, and a resource that uses every attribute v4 has."""

from typing import Any

V4 = "/tmf-api/resourceInventoryManagement/v4"
V5 = "/resourceInventory/v5"
RESOURCE = f"{V4}/resource"
LOGICAL = f"{V4}/logicalResource"
PHYSICAL = f"{V4}/physicalResource"
NEWER = f"{V5}/resource"

FREE = "msisdn-4915772222220"
"""The first number of the seed, available."""

TIME = "2026-01-01T00:00:00Z"
VALUES = [{"name": "x", "value": value} for value in ("a", 1, 1.5, True, {"a": 1}, ["a"], [1], [{"a": 1}])]
FULL: dict[str, Any] = {
    "@type": "LogicalResource", "name": "n", "value": "4915112345678", "category": "c", "description": "d",
    "resourceVersion": "1", "startOperatingDate": TIME, "endOperatingDate": TIME, "resourceStatus": "reserved",
    "usageState": "busy", "administrativeState": "shutdown", "operationalState": "disable",
    "attachment": [{"id": "a", "name": "n", "url": "https://a.example/x", "mimeType": "text/plain", "content": "x",
                    "attachmentType": "t", "description": "d", "size": {"amount": 1, "units": "MB"},
                    "validFor": {"startDateTime": TIME}}],
    "note": [{"id": "n", "author": "a", "date": TIME, "text": "t"}],
    "place": {"id": "p", "name": "Store", "role": "storage", "@referredType": "GeographicSite"},
    "relatedParty": [
        {"id": "ind-1", "name": "Ada", "role": "reserver", "@referredType": "Individual"},
        {"id": "channel-1", "role": "channel", "@referredType": "Channel"},
    ],
    "resourceCharacteristic": VALUES,
    "resourceSpecification": {"id": "msisdn-spec", "name": "MSISDN", "version": "1"},
}  # fmt: skip
"""`resourceRelationship` is not in it: the two files of v4 disagree on it."""
