"""Rate limits, and the storage of their counts."""
