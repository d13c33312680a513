"""Fair scheduling: a queue and slots that networks share in turns, and long work cut into short turns."""
