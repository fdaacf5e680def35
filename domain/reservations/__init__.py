"""Numbers and SIM cards: what is free, who holds what, and that nothing is ever sold twice."""
