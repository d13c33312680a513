"""Real reverse proxies between the tests and a Parlour."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from tests.servers.certificate import self_signed
from tests.servers.process import child_environment, free_port, logged, tail

DEPLOY = Path(__file__).parents[2] / "deploy"

_READY_WITHIN_SECONDS = 120
_REQUEST_LINE = re.compile(rb"[A-Z]+ \S+ HTTP/1\.1")
_NGINX_MAIN = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/proxy.log;
events {{}}
http {{
  access_log off; client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
  uwsgi_temp_path {folder}; scgi_temp_path {folder};
  {site}
}}
"""
_NGINX = _NGINX_MAIN.replace(
    "{site}",
    """server {{
    listen 127.0.0.1:{port};
    location {below} {{ proxy_pass http://127.0.0.1:{upstream}{passed_on}; {directives} }}
  }}""",
)
_HAPROXY = """
defaults
  mode http
  timeout connect 10s
  timeout client 60s
  timeout server 60s
frontend people
  bind 127.0.0.1:{port}
  {directives}
  default_backend parlour
backend parlour
  server one 127.0.0.1:{upstream}
"""
NGINX_AS_DOCUMENTED = (
    "proxy_http_version 1.1; proxy_set_header Host $host; proxy_set_header Upgrade $http_upgrade; "
    'proxy_set_header Connection "upgrade"; '
    "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header X-Forwarded-Proto $scheme;"
)
HAPROXY_AS_DOCUMENTED = "option forwardfor"


@asynccontextmanager
async def nginx(folder: Path, upstream: str, directives: str = NGINX_AS_DOCUMENTED) -> AsyncIterator[str]:
    """Run nginx before the server at `upstream`, with these directives of `location /`; yield its URL."""
    async with _proxy(folder, upstream, _NGINX, directives, "/usr/sbin/nginx", "-c") as url:
        yield url


@asynccontextmanager
async def nginx_below(
    folder: Path, port: int, path: str, upstream: str, *, strips: bool
) -> AsyncIterator[str]:
    """Run nginx as documented on `port`, with the server below the prefix `path`, kept or stripped."""
    command = ("/usr/sbin/nginx", "-c")
    words = {"below": f"{path}/", "passed_on": "/" if strips else "", "port": str(port)}
    async with _proxy(folder, upstream, _NGINX, NGINX_AS_DOCUMENTED, *command, **words) as url:
        yield url + path


@asynccontextmanager
async def haproxy(folder: Path, upstream: str, directives: str = HAPROXY_AS_DOCUMENTED) -> AsyncIterator[str]:
    """Run HAProxy before the server at `upstream`, with these lines of its frontend; yield its URL."""
    async with _proxy(folder, upstream, _HAPROXY, directives, "/usr/sbin/haproxy", "-db", "-f") as url:
        yield url


@dataclass(frozen=True)
class Ports:
    """The ports of a proxy: of https, and of http, which leads to https."""

    https: int = field(default_factory=free_port)
    http: int = field(default_factory=free_port)


@asynccontextmanager
async def deployed(
    kind: str, folder: Path, upstream: str, ports: Ports, *, base: str = ""
) -> AsyncIterator[Path]:
    """Run `nginx`, `caddy` or `haproxy` by the files of `deploy/`, as localhost with a new certificate.

    `base` is the path of the server's public URL; with one, the proxy serves nothing beside it. Yields the
    certificate by which it is trusted.
    """
    certificate, key = folder / "proxy.pem", folder / "proxy.key"
    self_signed(certificate, key)
    both = folder / "both.pem"
    both.write_bytes(certificate.read_bytes() + key.read_bytes())
    words = {"127.0.0.1:8000": f"127.0.0.1:{upstream.rpartition(':')[2]}"}
    adapted = {"nginx": _nginx_files, "caddy": _caddyfile, "haproxy": _haproxy_file}[kind]
    text, command = adapted(folder, ports, words, base)
    file = folder / f"{kind}.conf"
    file.write_text(text)
    async with running_proxy(folder, ports.https, *command, str(file)):
        yield certificate


CLUSTER_ADDRESSES = ("10.0.0.11:8000", "10.0.0.12:8000", "10.0.0.13:8000")
"""The servers in the files of `deploy/` for a cluster."""


@asynccontextmanager
async def before_cluster(
    kind: str, folder: Path, upstreams: Sequence[str], ports: Ports, *, by_room: bool = False
) -> AsyncIterator[None]:
    """Run `nginx` or `haproxy` before three servers by the files of `deploy/`, as localhost.

    `by_room` takes HAProxy's lines that are comments there, which bring the people of a room to one server.
    """
    certificate, key = folder / "proxy.pem", folder / "proxy.key"
    self_signed(certificate, key)
    (folder / "both.pem").write_bytes(certificate.read_bytes() + key.read_bytes())
    words = {
        address: f"127.0.0.1:{upstream.rpartition(':')[2]}"
        for address, upstream in zip(CLUSTER_ADDRESSES, upstreams, strict=True)
    }
    if kind == "nginx":
        site = _adapted("nginx-cluster.conf", {**words, **_nginx_words(folder, ports)})
        text = _NGINX_MAIN.format(folder=folder, site=site)
        command: tuple[str, ...] = ("/usr/sbin/nginx", "-c")
    else:
        text = _adapted("haproxy-cluster.cfg", {**words, **_haproxy_words(folder, ports)})
        if by_room:
            instead = "".join(re.findall(r"^    #( {5}\w.*\n)", text, re.MULTILINE))
            text = with_words(text, {"    balance leastconn\n": instead}, of="deploy/haproxy-cluster.cfg")
        command = ("/usr/sbin/haproxy", "-db", "-f")
    file = folder / f"{kind}.conf"
    file.write_text(text)
    async with running_proxy(folder, ports.https, *command, str(file)):
        yield


def _nginx_words(folder: Path, ports: Ports) -> dict[str, str]:
    return {
        "listen 80;": f"listen 127.0.0.1:{ports.http};",
        "    listen [::]:80;\n": "",
        "listen 443 ssl http2;": f"listen 127.0.0.1:{ports.https} ssl http2;",
        "    listen [::]:443 ssl http2;\n": "",
        "/etc/letsencrypt/live/meet.example.org/fullchain.pem": str(folder / "proxy.pem"),
        "/etc/letsencrypt/live/meet.example.org/privkey.pem": str(folder / "proxy.key"),
        "https://meet.example.org$": f"https://localhost:{ports.https}$",
        "meet.example.org": "localhost",
    }


def _nginx_files(
    folder: Path, ports: Ports, words: Mapping[str, str], base: str
) -> tuple[str, tuple[str, ...]]:
    site = _adapted("nginx.conf", {**words, **_nginx_words(folder, ports)})
    if base:
        start, end = site.rindex("    location / {"), site.rindex("}")
        site = site[:start] + _adapted("nginx-below-a-path.conf", {**words, "/meet": base}) + site[end:]
    return _NGINX_MAIN.format(folder=folder, site=site), ("/usr/sbin/nginx", "-c")


def _caddyfile(
    folder: Path, ports: Ports, words: Mapping[str, str], base: str
) -> tuple[str, tuple[str, ...]]:
    name, host = ("Caddyfile-below-a-path", "example.org") if base else ("Caddyfile", "meet.example.org")
    served = {f"\n{host} {{\n": f"\nlocalhost {{\n\ttls {folder}/proxy.pem {folder}/proxy.key\n"}
    if base:
        served["/meet"] = base
    main = (
        f"{{\n\tadmin off\n\thttp_port {ports.http}\n\thttps_port {ports.https}\n\tdefault_bind 127.0.0.1\n"
        f"\tskip_install_trust\n\tstorage file_system {folder}/caddy\n}}\n"
    )
    return main + _adapted(name, {**words, **served}), ("caddy", "run", "--adapter", "caddyfile", "--config")


def _haproxy_words(folder: Path, ports: Ports) -> dict[str, str]:
    return {
        ":80,[::]:80 v6only": f"127.0.0.1:{ports.http}",
        ":443,[::]:443 v6only": f"127.0.0.1:{ports.https}",
        "/etc/haproxy/meet.example.org.pem": str(folder / "both.pem"),
        "https://meet.example.org": f"https://localhost:{ports.https}",
    }


def _haproxy_file(
    folder: Path, ports: Ports, words: Mapping[str, str], base: str
) -> tuple[str, tuple[str, ...]]:
    text = _adapted("haproxy.cfg", {**words, **_haproxy_words(folder, ports)})
    if base:
        start, end = text.index("    http-request del-header"), text.index("\nbackend parlour")
        text = text[:start] + _adapted("haproxy-below-a-path.cfg", {"/meet": base}) + "\n" + text[end:]
    return text, ("/usr/sbin/haproxy", "-db", "-f")


def _adapted(name: str, words: Mapping[str, str]) -> str:
    """Return the lines of a file of `deploy/` with other names and ports."""
    text = re.sub(r"^#.*\n", "", (DEPLOY / name).read_text(), flags=re.MULTILINE)
    return with_words(text, words, of=f"deploy/{name}")


def with_words(text: str, words: Mapping[str, str], *, of: str) -> str:
    """Return a documented configuration with other names and ports; each of them has to be in it."""
    for word, other in words.items():
        assert word in text, f"{of} says nothing of {word}"
        text = text.replace(word, other)
    return text


@asynccontextmanager
async def _proxy(
    folder: Path, upstream: str, template: str, directives: str, *command: str, **words: str
) -> AsyncIterator[str]:
    file = folder / f"{Path(command[0]).name}.conf"
    words = {
        "folder": str(folder),
        "port": str(free_port()),
        "upstream": upstream.rpartition(":")[2],
        "directives": directives,
        "below": "/",
        "passed_on": "",
        **words,
    }
    port = int(words["port"])
    file.write_text(template.format(**words))
    async with running_proxy(folder, port, *command, str(file)):
        yield f"http://127.0.0.1:{port}"


@asynccontextmanager
async def running_proxy(
    folder: Path, port: int, *command: str, within: float = _READY_WITHIN_SECONDS
) -> AsyncIterator[None]:
    """Run a proxy that listens on `port` after so many seconds at most; its log is in `folder`."""
    log = folder / "proxy.log"
    async with logged(*command, log=log, environment=child_environment(folder)) as process:
        await _answers(port, process, log, within)
        yield


async def _answers(port: int, process: asyncio.subprocess.Process, log: Path, within: float) -> None:
    async with asyncio.timeout(within):
        while process.returncode is None:
            with suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                return
            await asyncio.sleep(0.02)  # a port announces no opening
    raise RuntimeError(f"the proxy ended at its start:\n{tail(log)}")


class RecordingProxy:
    """A TCP proxy that records requests and can cut connections.

    `requests` holds the request lines in order.
    """

    def __init__(self, upstream: int | None = None) -> None:
        self.requests: list[str] = []
        self.upstream = upstream
        """The port of the server behind it."""
        self._is_cut = False
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._unanswered: dict[asyncio.StreamWriter, bytes] = {}
        self._asked = asyncio.Event()

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"http://localhost:{self._server.sockets[0].getsockname()[1]}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        await self._end_connections()

    async def holds_poll(self) -> None:
        """Wait until a GET has been forwarded that the server has not answered yet."""
        while not any(head.startswith(b"GET ") for head in self._unanswered.values()):
            self._asked.clear()
            await self._asked.wait()

    async def cuts(self) -> None:
        """End all connections, and new connections at once, until `mends`."""
        self._is_cut = True
        await self._end_connections()

    def mends(self) -> None:
        self._is_cut = False

    async def _end_connections(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_cut:
            writer.transport.abort()
            return
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            back, forth = await asyncio.open_connection("127.0.0.1", self.upstream)
            try:
                async with asyncio.TaskGroup() as both:
                    both.create_task(self._pass_requests(reader, forth))
                    both.create_task(self._pass_answers(back, writer, forth))
            finally:
                self._unanswered.pop(forth, None)
                forth.close()
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _pass_requests(self, reader: asyncio.StreamReader, forth: asyncio.StreamWriter) -> None:
        """Forward and record requests.

        Each read is taken for a whole head: clients here do not pipeline, and send a head in a single piece.
        """
        with suppress(OSError):
            while data := await reader.read(65_536):
                head, _, _ = data.partition(b"\r\n\r\n")
                if _REQUEST_LINE.match(head):
                    self.requests.append(head.partition(b"\r\n")[0].decode())
                    self._unanswered[forth] = head
                    self._asked.set()
                if self._swallows(head):
                    await asyncio.Event().wait()
                forth.write(data)
                await forth.drain()
        forth.close()

    async def _pass_answers(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, forth: asyncio.StreamWriter
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                self._unanswered.pop(forth, None)
                writer.write(data)
                await writer.drain()
        writer.close()

    def _swallows(self, head: bytes) -> bool:
        """True once nothing more of this connection is forwarded."""
        return False


class SwallowingFirewall(RecordingProxy):
    """A firewall that forwards HTTP and drops WebSocket handshakes without an answer or a refusal."""

    def _swallows(self, head: bytes) -> bool:
        return b"upgrade: websocket" in head.lower()
