"""All tables, the engine, transactions and migrations."""
