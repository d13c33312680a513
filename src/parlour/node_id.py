"""The identity of a node: one process of a cluster, from its start to its end."""

import secrets
from typing import NewType

NodeId = NewType("NodeId", str)


def new_node_id() -> NodeId:
    """Choose an id at random; a process calls this once, so a restarted node is another one."""
    return NodeId(secrets.token_hex(8))
