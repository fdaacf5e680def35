"""The few facts the gateway itself owns, in SQL, and what makes a repeated request run once."""
