"""Which dump serves: a folder of generations and one small file that names the current one and those before it.

Switching is one atomic rename of that small file. Every process looks at it a few times a second and opens the new
generation when it has changed; requests under way end with the one they began with.
"""

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from itertools import chain, count
from pathlib import Path

import msgspec

from domain.catalog.dumps.errors import DumpError

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
            DumpError: another load is running, or the folder cannot be written.
        """
        with self._locked():
            self._remove_leftovers()
            target = self.folder / f"building-{os.getpid()}.sqlite"
            try:
                yield target
            finally:
                _remove(target)

    def activate(self, built: Path, counts: Mapping[str, int], now: datetime, *, anew: bool = False) -> Generation:
        """Give the built file its place and let it serve. Call it inside `building`.

        `anew`: forget the earlier ones where the pointer to them cannot be read.

        Raises:
            DumpError: the pointer cannot be read; nothing has changed.
            OSError: the pointer cannot be written; nothing has changed, or it may not outlive a power cut.
        """
        earlier = self._earlier(anew=anew)
        loaded_at = now.astimezone(UTC).isoformat(timespec="milliseconds")
        path = self._new_path(loaded_at.replace(":", "").replace("+0000", "Z"))
        _sync(built)
        built.replace(path)
        generation = Generation(path.name, loaded_at, dict(counts))
        try:
            self._point((generation, *earlier))
        finally:
            self._remove_unknown()  # this one too when it failed, but not if the pointer names it already
        return generation

    def rollback(self) -> Generation:
        """Serve the generation before the current one, which is forgotten.

        Raises:
            DumpError: there is none before, a load is running, or the folder cannot be written.
        """
        with self._locked():
            known = self.all()
            if len(known) < 2:  # noqa: PLR2004
                raise DumpError("There is no earlier dump to go back to.")
            if not (self.folder / known[1].file).is_file():
                raise DumpError(f"The earlier dump {known[1].file} is gone; nothing was changed.")
            try:
                # Its file stays until the next load: other processes need a moment to leave it.
                self._point(known[1:])
            except OSError as error:
                raise DumpError(f"The folder of the dumps cannot be written: {error}") from error
            return known[1]

    def _earlier(self, *, anew: bool) -> tuple[Generation, ...]:
        try:
            return self.all()
        except DumpError:
            if anew:
                return ()
            raise

    def _new_path(self, mark: str) -> Path:
        """A name that no generation ever had: a process that reads one must never see it become another."""
        paths = (self.folder / f"catalog-{mark}{end}.sqlite" for end in chain([""], map("-{}".format, count(2))))
        return next(path for path in paths if not path.exists())

    def _point(self, generations: tuple[Generation, ...]) -> None:
        temporary = self.folder / f"{_POINTER}.new"
        temporary.write_bytes(msgspec.json.format(msgspec.json.encode(_Pointer(generations[:_KEPT]))))
        _sync(temporary)
        temporary.replace(self.folder / _POINTER)
        _sync(self.folder)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with ExitStack() as stack:
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
                lock = stack.enter_context((self.folder / "lock").open("w"))
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise DumpError("Another load is running.") from None
            except OSError as error:
                raise DumpError(f"The folder of the dumps cannot be written: {error}") from error
            yield

    def _remove_leftovers(self) -> None:
        """What a killed load left: its building site, or a whole generation that it never pointed to."""
        for path in self.folder.glob("building-*.sqlite*"):
            path.unlink(missing_ok=True)
        self._remove_unknown()

    def _remove_unknown(self) -> None:
        """Generations that nobody can serve any more. Processes that still have one open read on undisturbed."""
        with suppress(DumpError):  # not knowing which are known, remove none
            known = {each.file for each in self.all()}
            for path in self.folder.glob("catalog-*.sqlite"):
                if path.name not in known:
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
