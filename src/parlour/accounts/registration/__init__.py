"""How an account comes to be, and how unconfirmed ones end."""
