"""Outgoing mail: queued in the transaction of the use case (transactional outbox), sent by a task."""
