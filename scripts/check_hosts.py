"""No committed file may name a package registry's host or a path of somebody's machine: clones must work anywhere."""

import re
import subprocess
import sys
from pathlib import Path

# Put together here so that this file does not name them either.
HOSTS = "|".join(re.escape(".".join(parts)) for parts in (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org")))
FORBIDDEN = re.compile(rf"{HOSTS}|--(extra-)?index-url|\"resolved\":\s*\"http|/(home|root|work)/[a-z]")
BUNDLE = "bff/graphiql/static/"


def main() -> int:
    """1 when something was found."""
    files = subprocess.run(["git", "ls-files", "-z"], check=True, capture_output=True, text=True).stdout.split("\0")
    found = [
        f"{name}:{number}: {line.strip()[:120]}"
        for name in files
        if name and not name.startswith(BUNDLE) and Path(name).is_file()
        for number, line in enumerate(Path(name).read_text("utf-8", errors="replace").splitlines(), 1)
        if FORBIDDEN.search(line)
    ]
    print("\n".join(found) or "none")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
