"""Every test here runs on both databases. Property tests are not timed: a busy machine is no bug."""

from hypothesis import settings

settings.register_profile("calm", deadline=None)
settings.load_profile("calm")
