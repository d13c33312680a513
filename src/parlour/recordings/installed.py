"""Whether the packages of the extras `recording` and `s3` are installed, without an import of them."""

from importlib.util import find_spec
from pathlib import Path

_PACKAGES = ("av", "numpy", "PIL")


def has_s3() -> bool:
    """Return True if the package of the extra `s3` is there."""
    return find_spec("boto3") is not None


def has_recorder() -> bool:
    """Return True if the packages are there; whether they can be imported, the first recorder shows."""
    if not all(map(find_spec, _PACKAGES)):
        return False
    livekit = find_spec("livekit")  # a namespace, of which the server has another part
    places = [] if livekit is None else livekit.submodule_search_locations or []
    return any((Path(place) / "rtc").is_dir() for place in places)
