"""As what somebody acts for a customer, as an enum of the schema."""

from domain.identity.model import Role
from schema.inputs.described import publish_enum

publish_enum(
    Role,
    "As what somebody acts for a customer.",
    name="CustomerRole",
    OWNER="May do everything.",
    ADMIN="May do everything but make owners.",
    BUYER="May look and buy.",
    VIEWER="May look.",
)

__all__ = ["Role"]
