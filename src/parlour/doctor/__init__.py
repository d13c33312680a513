"""The checks of `parlour doctor`: they say in plain words what is wrong with a server, and what to do."""
