"""The catalogue: what may be seen and sold, what it costs, how it is found. `catalog.Catalog` is the way in."""
