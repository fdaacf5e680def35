"""The HTTP edge: GraphQL over HTTP, limits, errors as clients see them, who asks and how."""
