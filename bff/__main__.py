"""`python -m bff` is `bff`."""

import sys


def main() -> None:
    """The command line. What serves for weeks does without its libraries, which take 11 MB: typer brings pydantic."""
    if sys.argv[1:] == ["serve"]:
        from bff.serving import serve

        serve()
    else:
        from bff.cli import app

        app(prog_name="bff")


if __name__ == "__main__":
    main()
