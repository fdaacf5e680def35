"""TMF632 Party v5: v4's parties in other words (`forms632`), at a path without `/tmf-api`."""

from dataclasses import replace

from sandbox.apis import forms632, tmf632
from sandbox.tables import Api, Lifecycle

TMF632_V5 = Api(
    name="TMF632",
    base_path="/partyManagement/v5",
    version="5.0.0",
    resources=(
        replace(
            tmf632.INDIVIDUAL,
            required=("@type", "givenName", "familyName"),
            lifecycle=Lifecycle("status", frozenset({"initialized", "validated", "deceased"})),
            attributes=tmf632.INDIVIDUAL.attributes - {"fullName"} | {"name"},
            shape=forms632.INDIVIDUAL,
        ),
        replace(tmf632.ORGANIZATION, required=("@type", "name"), shape=forms632.ORGANIZATION),
    ),
)
