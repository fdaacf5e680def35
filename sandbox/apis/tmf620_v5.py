"""TMF620 Product Catalog v5: the documents of v4 in other words (`forms620`), at a path without `/tmf-api`.

`catalog` is `productCatalog`. A POST has to carry what the file's `_FVO` schemas require, `@type` included, except
`lastUpdate`, which this server sets itself.
"""

from dataclasses import replace

from sandbox.apis.forms620 import SHAPES
from sandbox.apis.names620 import arrays, attributes
from sandbox.apis.tmf620 import TMF620
from sandbox.tables import Api, Resource

_NAMES = {"catalog": ("productCatalog", "ProductCatalog")}
_REQUIRED = {
    "productOffering": ("lifecycleStatus",),
    "productOfferingPrice": ("lifecycleStatus", "priceType"),
    "productSpecification": ("lifecycleStatus",),
}
_REFERENCES = {
    "category": {"parent": "TMF620.category"},
    "productSpecification": {"category": "TMF620.category"},
}


def _newer(older: Resource) -> Resource:
    path, kind = _NAMES.get(older.path, (older.path, older.type))
    return replace(
        older,
        path=path,
        type=kind,
        kept_as=older.path,
        required=(*older.required, "@type", *_REQUIRED.get(older.path, ())),
        references={**older.references, **_REFERENCES.get(older.path, {})},
        attributes=attributes(older.path, 5),
        arrays=arrays(older.path, 5),
        shape=SHAPES[older.path],
    )


TMF620_V5 = Api(
    name="TMF620",
    base_path="/productCatalogManagement/v5",
    version="5.0.0",
    resources=tuple(_newer(resource) for resource in TMF620.resources),
)
