"""One module per step of the tables' history."""
