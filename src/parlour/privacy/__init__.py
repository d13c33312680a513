"""The demands of a person: the export of all that is kept of them."""
