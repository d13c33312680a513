"""What a person may demand: the export of all that is kept of them."""
