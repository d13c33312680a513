"""Facts go to the other nodes of the cluster: `codec` says which and how, `exchange` passes them on."""
