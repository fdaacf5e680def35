"""What the shop means, with neither GraphQL nor HTTP in it."""
