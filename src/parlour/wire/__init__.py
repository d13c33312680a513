"""Everything that crosses the network, as types, and nothing else.

HTTP bodies are pydantic models, since every field that does not fit has to be named; signaling
messages are msgspec structs, since relaying them is what the server does all day.
"""
