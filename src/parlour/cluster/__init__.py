"""What the nodes of a cluster know of each other: leases, ownership, messages (docs/adr/0013).

`coordinator` is the interface, `memory` its form within one process, `redis` the one between processes.
`tests/contract` holds both to the same suite.
"""
