"""Who is asking: signing up and in, tokens, and what may be tried how often."""
