"""The cluster seam: `Node` is the interface of calls to the cluster, `LocalNode` its single-process form."""
