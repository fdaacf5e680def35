"""What a test needs beyond Python: asked for here, so that a missing part is said aloud and never hides a gap.

Without the part a test is skipped with the reason; under `REQUIRE_ALL=1` (as in `.ci/run`) the same is a failure.
"""

import os
import shutil
from pathlib import Path

import pytest

TMF_SPECS = Path(os.environ.get("TMF_SPECS", Path(__file__).resolve().parents[2] / "shared" / "tmf"))
"""Folder of the official TM Forum API files; they stand beside the checkout and are not part of it."""


def need(present: bool, what: str) -> None:
    """Skip the calling test when `present` is false; fail it instead when `REQUIRE_ALL=1`."""
    if present:
        return
    if os.environ.get("REQUIRE_ALL") == "1":
        pytest.fail(f"REQUIRE_ALL=1, and this test needs {what}")
    pytest.skip(f"needs {what}")


def need_program(*names: str) -> str:
    """Path of the first of `names` found on the PATH; else as `need`."""
    found = next((path for name in names if (path := shutil.which(name))), None)
    need(found is not None, " or ".join(names))
    return str(found)


def need_spec(file: str) -> Path:
    """Path of an official TM Forum file, e.g. `TMF620-ProductCatalog-v4.1.0.json`; else as `need`."""
    path = TMF_SPECS / file
    need(path.is_file(), f"{file} in {TMF_SPECS.name}/ (set TMF_SPECS to the folder)")
    return path
