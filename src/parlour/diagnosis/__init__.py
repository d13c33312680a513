"""What `parlour doctor` finds, for the administrators of the server."""
