"""Bringing a number along: asking for it, following it on its way, and never for two at once."""
