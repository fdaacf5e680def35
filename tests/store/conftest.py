"""Every test here runs on both databases. Property tests are not timed: a busy machine is no bug."""

from hypothesis import settings

from tests.databases import database, database_kind, database_url, empty_url, postgresql_server

__all__ = ["database", "database_kind", "database_url", "empty_url", "postgresql_server"]

settings.register_profile("calm", deadline=None)
settings.load_profile("calm")
