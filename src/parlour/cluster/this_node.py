"""What this process says of itself to its cluster."""

import os
import platform
import time

from parlour import __version__
from parlour.cluster.coordinator import NodeDescription
from parlour.cluster.envelopes import NEWEST_FORMAT, OLDEST_FORMAT


def describe_this_node() -> NodeDescription:
    """Describe this process, which starts now."""
    return NodeDescription(
        version=__version__,
        formats=(OLDEST_FORMAT, NEWEST_FORMAT),
        host=platform.node(),
        pid=os.getpid(),
        started_at=time.time(),
    )
