"""The calls of a cluster, at one of its nodes, and those of a node without others. No I/O."""
