"""Structured logs: readable lines on a terminal, JSON elsewhere.

Each logged field is chosen: no request bodies, no query strings, no email addresses.
"""

import logging
import sys
import traceback
from types import TracebackType
from typing import TextIO

import structlog
from structlog.typing import EventDict, WrappedLogger


def configure_logs(*, level: str, stream: TextIO = sys.stderr) -> None:
    number = logging.getLevelNamesMapping()[level.upper()]
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer() if stream.isatty() else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _frames_without_messages,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(stream),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=max(number, logging.WARNING), stream=stream, force=True, format="%(message)s")
    for handler in logging.getLogger().handlers:
        handler.setFormatter(_LibraryFormatter())


class _LibraryFormatter(logging.Formatter):
    """Renders the log records of libraries as structured logs, with the frames of an exception."""

    def format(self, record: logging.LogRecord) -> str:
        event: EventDict = {"event": record.getMessage(), "logger": record.name}
        if record.exc_info and record.exc_info[1] is not None:
            event["exc_info"] = record.exc_info[1]
        for processor in structlog.get_config()["processors"]:
            event = processor(None, record.levelname.lower(), event)
        return str(event)


def _frames_without_messages(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Log an exception's type and frames; its message may quote personal data (a database names the row)."""
    raised = event.pop("exc_info", None)
    if raised is True:
        raised = sys.exc_info()[1]
    if isinstance(raised, BaseException):
        event["exception"] = type(raised).__name__
        event["frames"] = _frames(raised.__traceback__)
    return event


def _frames(trace: TracebackType | None) -> list[str]:
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace)]
