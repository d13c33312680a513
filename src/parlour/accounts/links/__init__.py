"""The links of mails: their tokens, and what each would do."""
