"""Why a dump cannot be used. The texts are for the one who runs the job, never for a shopper."""


class DumpError(Exception):
    """The dump cannot be used; the text says why."""


class BrokenDumpError(DumpError):
    """Unreadable from some place on, or cut off."""
