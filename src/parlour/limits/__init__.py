"""How often is too often, and where that is counted."""
