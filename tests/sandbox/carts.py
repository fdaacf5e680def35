"""Carts to write: a small one, and one that uses every attribute v4 has for what a cart holds."""

from typing import Any

OLDER = "/tmf-api/shoppingCart/v4/shoppingCart"
NEWER = "/shoppingCart/v5/shoppingCart"

SMALL: dict[str, Any] = {
    "relatedParty": [{"id": "ind-7", "name": "Ada", "role": "customer", "@referredType": "Individual"}],
    "cartItem": [
        {"id": "a", "action": "add", "quantity": 1, "productOffering": {"id": "po-kaiyo-k1"}},
        {
            "action": "add",
            "quantity": 1,
            "productOffering": {"id": "po-bundle-kaiyo-k1-mobile-m"},
            "cartItem": [
                {"quantity": 1, "productOffering": {"id": "po-mobile-m"}},
                {"id": "b", "quantity": 1, "productOffering": {"id": "po-kaiyo-k1"}},
            ],
        },
    ],
}

REF = {"id": "r", "name": "R"}
MONEY = {"unit": "EUR", "value": 19.99}
AMOUNTS = {"percentage": 10.0, "taxRate": 19.0, "dutyFreeAmount": MONEY, "taxIncludedAmount": MONEY}
ALTERATION = {
    "applicationDuration": 6, "description": "d", "name": "n", "priceType": "discount", "priority": 1,
    "recurringChargePeriod": "month", "unitOfMeasure": "GB", "price": AMOUNTS, "productOfferingPrice": REF,
}  # fmt: skip
PRICE = {
    "description": "d", "name": "n", "priceType": "recurring", "recurringChargePeriod": "month",
    "unitOfMeasure": "GB", "price": AMOUNTS, "priceAlteration": [ALTERATION], "productOfferingPrice": REF,
}  # fmt: skip
TIME = "2026-01-01T00:00:00Z"
PERIOD = {"startDateTime": TIME, "endDateTime": TIME}
TERM = {"description": "d", "name": "n", "duration": {"amount": 24, "units": "month"}}
PARTIES = [
    {"id": "p1", "name": "Ada", "role": "customer", "@referredType": "Individual"},
    {"id": "p2", "name": "Shop", "role": "seller", "@referredType": "Supplier"},
]
VALUES = [{"name": "x", "value": value} for value in ("a", 1, 1.5, True, {"a": 1}, ["a"], [1], [{"a": 1}])]
PRODUCT: dict[str, Any] = {
    "id": "prod", "description": "d", "isBundle": False, "isCustomerVisible": True, "name": "n", "orderDate": TIME,
    "productSerialNumber": "s", "startDate": TIME, "terminationDate": TIME, "status": "created",
    "agreement": [{**REF, "agreementItemId": "1"}],
    "billingAccount": REF,
    "place": [{**REF, "role": "delivery", "@referredType": "GeographicAddress"}],
    "product": [{"id": "inner", "@referredType": "Product"}, {"name": "value"}],
    "productCharacteristic": VALUES,
    "productOffering": REF,
    "productOrderItem": [
        {"orderItemAction": "add", "orderItemId": "1", "productOrderHref": "h", "productOrderId": "o", "role": "r"}
    ],
    "productPrice": [
        {**{key: PRICE[key] for key in PRICE if key != "priceAlteration"}, "billingAccount": REF,
         "productPriceAlteration": [ALTERATION]}
    ],
    "productRelationship": [{"relationshipType": "bundled", "product": REF}],
    "productSpecification": {**REF, "version": "1"},
    "productTerm": [{**TERM, "validFor": PERIOD}],
    "realizingResource": [{**REF, "value": "v"}],
    "realizingService": [REF],
    "relatedParty": PARTIES,
}  # fmt: skip
ITEM: dict[str, Any] = {
    "id": "1", "quantity": 2, "action": "add", "status": "active",
    "ItemTotalPrice": [PRICE],
    "itemPrice": [PRICE],
    "itemTerm": [TERM],
    "note": [{"id": "n", "author": "a", "date": TIME, "text": "t"}],
    "product": PRODUCT,
    "productOffering": REF,
    "cartItem": [{"id": "1.1", "product": {"id": "prod"}, "ItemTotalPrice": [PRICE]}],
    "cartItemRelationship": [{"id": "1.1", "relationshipType": "reliesOn"}],
}  # fmt: skip
FULL: dict[str, Any] = {
    "validFor": PERIOD,
    "cartItem": [ITEM],
    "cartTotalPrice": [PRICE],
    "contactMedium": [
        {"mediumType": "email", "preferred": True, "validFor": PERIOD,
         "characteristic": {"emailAddress": "a@b.example", "contactType": "home"}},
        {"mediumType": "phone", "characteristic": {"phoneNumber": "+491701234567"}},
        {"mediumType": "postal", "characteristic": {"street1": "Weg 1", "city": "Bonn", "country": "DE"}},
    ],
    "relatedParty": PARTIES,
}  # fmt: skip
