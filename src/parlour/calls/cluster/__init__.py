"""What calls need to know of the cluster that this process is a node of."""
