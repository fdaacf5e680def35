"""Measurements, each a module with a `main`. `scripts/bench NAME` runs one, `scripts/bench` all."""
