"""Packets that the kernel drops on demand, by nftables.

    with PacketFilter() as packets:
        packets.drop(port)

It has to be run by root. Rules are for ports of this machine's own connections, so that nothing else
notices them.
"""

import ctypes
import secrets
from typing import Self

_LIBRARY = "libnftables.so.1"  # of the program `nft`


class PacketFilter:
    """The ports whose packets are dropped in both directions, without any notice to either end.

    The rules belong to this process: the kernel removes them when it ends, however it ends.
    """

    def __init__(self) -> None:
        self._table = f"parlour_{secrets.token_hex(4)}"
        self._context: ctypes.c_void_p | None = None

    def __enter__(self) -> Self:
        """Raises RuntimeError where nftables cannot be used."""
        try:
            self._nft = ctypes.CDLL(_LIBRARY)
        except OSError as error:
            raise RuntimeError(f"{error}: 'make test' installs the package 'nftables'") from error
        self._nft.nft_ctx_new.restype = ctypes.c_void_p
        self._nft.nft_ctx_get_error_buffer.restype = ctypes.c_char_p
        self._context = ctypes.c_void_p(self._nft.nft_ctx_new(0))
        self._nft.nft_ctx_buffer_error(self._context)
        try:
            self._run(
                f"table inet {self._table} {{\n"
                "  flags owner\n"
                "  set ports { type inet_service; }\n"
                "  chain arrivals {\n"
                "    type filter hook input priority filter; policy accept;\n"
                '    iifname "lo" tcp dport @ports drop\n'
                '    iifname "lo" tcp sport @ports drop\n'
                "  }\n"
                "}"
            )
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._nft.nft_ctx_free(self._context)
        self._context = None

    def drop(self, port: int) -> None:
        self._run(f"add element inet {self._table} ports {{ {port} }}")

    def let_pass(self, port: int) -> None:
        self._run(f"delete element inet {self._table} ports {{ {port} }}")

    def _run(self, commands: str) -> None:
        if self._nft.nft_run_cmd_from_buffer(self._context, commands.encode()):
            complaint = self._nft.nft_ctx_get_error_buffer(self._context).decode().strip()
            raise RuntimeError(f"nftables refused the rules, which takes root: {complaint}")
