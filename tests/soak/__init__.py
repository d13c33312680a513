"""Long runs against a real server, which `make soak` starts: not part of the test suite."""
