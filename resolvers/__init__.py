"""What a field does that needs more than an attribute: one short function each, one module per domain."""
