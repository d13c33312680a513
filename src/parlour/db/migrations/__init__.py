"""Alembic's environment and versions; `parlour serve` and `parlour migrate` run them."""
