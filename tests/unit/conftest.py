"""Profiles of hypothesis: `quick` for `make check`, or a long search by `HYPOTHESIS_PROFILE=thorough`.

The quick one tries the same examples each time, so that the same code gets the same answer; the long one
finds new ones.
"""

import os

from hypothesis import settings

settings.register_profile(
    "quick", max_examples=40, stateful_step_count=30, deadline=None, derandomize=True, database=None
)
settings.register_profile("thorough", max_examples=2000, stateful_step_count=100, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))
