"""`python -m bff` is `bff`."""

from bff.cli import app

app(prog_name="bff")
