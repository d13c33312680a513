"""A DNS server with the records that a test gives it (RFC 1035, over UDP)."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import cast

import dns.asyncresolver
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

Records = Mapping[tuple[str, str], Sequence[str]]
"""Records by name and kind, such as `("example.org", "MX")`."""


class _Answers(asyncio.DatagramProtocol):
    """A name exists if it, or a name below it, has a record (RFC 8020)."""

    def __init__(self, records: Records) -> None:
        self._records = {(dns.name.from_text(name), kind): texts for (name, kind), texts in records.items()}

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        [question] = query.question
        kind = dns.rdatatype.to_text(question.rdtype)
        texts = self._records.get((question.name, kind))
        if texts:
            answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, *texts))
        elif not any(name.is_subdomain(question.name) for name, _ in self._records):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        self._transport.sendto(answer.to_wire(), addr)


@asynccontextmanager
async def dns_server(records: Records) -> AsyncIterator[dns.asyncresolver.Resolver]:
    """Run the server; yield a resolver that asks it alone."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: _Answers(records), local_addr=("127.0.0.1", 0))
    resolver = dns.asyncresolver.Resolver(configure=False)
    resolver.nameservers = ["127.0.0.1"]
    resolver.port = transport.get_extra_info("sockname")[1]
    try:
        yield resolver
    finally:
        transport.close()
