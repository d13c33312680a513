"""The audit log: logins, refusals by policy, changes of accounts, rooms and roles. It holds no secrets."""
