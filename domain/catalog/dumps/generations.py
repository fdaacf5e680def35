"""Which dump serves: a folder of generations and one small file that names the current one and those before it.

Switching is one atomic rename of that small file. Every process looks at it a few times a second and opens the new
generation when it has changed; requests under way end with the one they began with.
"""

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from domain.catalog.dumps.records import DumpError

_KEPT = 3
_POINTER = "current.json"


class Generation(msgspec.Struct, frozen=True):
    """One loaded dump. `counts`: records by resource."""

    file: str
    loaded_at: str
    counts: dict[str, int]


class _Pointer(msgspec.Struct, frozen=True):
    generations: tuple[Generation, ...] = ()  # the one that serves first, then those before it


class Generations:
    """The generations in one folder. Create it anywhere; only `building` and `rollback` write."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def all(self) -> tuple[Generation, ...]:
        """The one that serves first, then those to roll back to.

        Raises:
            DumpError: the pointer cannot be read.
        """
        try:
            return msgspec.json.decode((self.folder / _POINTER).read_bytes(), type=_Pointer).generations
        except FileNotFoundError:
            return ()
        except (OSError, msgspec.MsgspecError) as error:
            raise DumpError(f"{self.folder / _POINTER} cannot be read: {error}") from error

    def current(self) -> Path | None:
        """The file that serves."""
        known = self.all()
        return self.folder / known[0].file if known else None

    def offerings_now(self) -> int:
        known = self.all()
        return known[0].counts.get("productOffering", 0) if known else 0

    @contextmanager
    def building(self) -> Iterator[Path]:
        """A path to build at, for one load at a time; what is left there afterwards is removed.

        Raises:
            DumpError: another load is running.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._locked():
            self._remove_leftovers()
            target = self.folder / f"building-{os.getpid()}.sqlite"
            try:
                yield target
            finally:
                _remove(target)

    def activate(self, built: Path, counts: Mapping[str, int], now: datetime) -> Generation:
        """Give the built file its place and let it serve. Call it inside `building`."""
        loaded_at = now.astimezone(UTC).isoformat(timespec="milliseconds")
        name = f"catalog-{loaded_at.replace(':', '').replace('+0000', 'Z')}.sqlite"
        _sync(built)
        built.replace(self.folder / name)
        generation = Generation(name, loaded_at, dict(counts))
        self._point((generation, *self.all()))
        return generation

    def rollback(self) -> Generation:
        """Serve the generation before the current one, which is forgotten.

        Raises:
            DumpError: there is none before, or a load is running.
        """
        with self._locked():
            known = self.all()
            if len(known) < 2:  # noqa: PLR2004
                raise DumpError("There is no earlier dump to go back to.")
            self._point(known[1:])
            return known[1]

    def _point(self, generations: tuple[Generation, ...]) -> None:
        kept = generations[:_KEPT]
        temporary = self.folder / f"{_POINTER}.new"
        temporary.write_bytes(msgspec.json.format(msgspec.json.encode(_Pointer(kept))))
        _sync(temporary)
        temporary.replace(self.folder / _POINTER)
        _sync(self.folder)
        for path in self.folder.glob("catalog-*.sqlite"):
            # The one just left is kept until the next change: slow processes may still be reading it.
            if path.name not in {each.file for each in (*kept, *generations[:1])}:
                _remove(path)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise DumpError("Another load is running.") from None
            yield

    def _remove_leftovers(self) -> None:
        for path in self.folder.glob("building-*.sqlite"):
            _remove(path)


def _remove(path: Path) -> None:
    for each in (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm", "-journal"))):
        with suppress(FileNotFoundError):
            each.unlink()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
