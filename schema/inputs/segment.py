"""The two markets, as an enum of the schema."""

from kernel.context import Segment
from schema.inputs.described import publish_enum

publish_enum(Segment, "The two markets the shop sells to.", B2C="Consumers.", B2B="Companies.")

__all__ = ["Segment"]
