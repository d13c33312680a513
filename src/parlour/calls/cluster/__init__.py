"""The cluster that this process is a node of, as calls see it."""
