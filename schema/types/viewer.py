"""Whoever is signed in, as they see themselves."""

import strawberry

from domain.identity.viewer import Viewer as SignedIn
from engine import computed
from resolvers import customers
from resolvers.context import Info
from schema.types.common import Node
from schema.types.customers import CustomerConnection


@strawberry.type(description="Whoever is signed in.")
class Viewer(Node):
    id: strawberry.ID = computed(customers.viewer_id, description="The viewer's id.")
    customers: CustomerConnection | None = computed(
        customers.viewer_customers, description="The customers that the viewer acts for, and as what."
    )

    @classmethod
    def is_type_of(cls, obj: object, _info: Info) -> bool:
        return isinstance(obj, SignedIn)
