"""Call a listener so that its exceptions end nothing: what it was told of has happened all the same."""

from collections.abc import Callable
from typing import ParamSpec

import structlog

log = structlog.get_logger("parlour.cluster")

P = ParamSpec("P")


def tell(method: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
    """Call a listener's method; log an exception."""
    try:
        method(*args, **kwargs)
    except Exception as error:
        log_failure(method, error)


def log_failure(method: Callable[..., None], error: Exception) -> None:
    """Log the exception of a listener's method; only call it while the exception is handled."""
    log.exception(  # noqa: LOG004 - called by handlers
        "cluster.listener_failed", method=method.__name__, error=type(error).__name__
    )
