"""Fair turns: queues, slots and the event loop's time."""
