"""What runs through several systems, step by step, and goes on after a crash."""
