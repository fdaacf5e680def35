"""The public contract. Types, inputs and the root; no I/O and no rule lives here."""
