"""Letters: written to the outbox in the transaction of what they tell of, sent by a sender of its own."""
