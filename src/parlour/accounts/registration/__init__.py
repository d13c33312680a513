"""Registration and confirmation of accounts; cleanup of unconfirmed and expired accounts."""
