"""Profiles of hypothesis: `quick` for `make check`, or a long search by `HYPOTHESIS_PROFILE=thorough`."""

import os

from hypothesis import settings

settings.register_profile("quick", max_examples=40, stateful_step_count=30, deadline=None)
settings.register_profile("thorough", max_examples=2000, stateful_step_count=100, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))
