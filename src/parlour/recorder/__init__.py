"""The recorder: a process of its own that takes part in a call on an SFU and writes what it sees and hears.

It imports `livekit`, `av` and numpy (the extra `recording`), so the server never imports it: it is started as
`parlour recorder`.
"""
