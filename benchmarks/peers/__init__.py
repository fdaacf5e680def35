"""`scripts/bench peers`: the same page of offerings from this gateway and from other GraphQL servers."""
