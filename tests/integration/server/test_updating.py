"""The steps of docs/deploy.md for updating and going back, followed to the letter.

Only systemd, the users and the places are others here. The newer version is this one with a migration more.
"""

import asyncio
import re
import shutil
import signal
import sys
import textwrap
from pathlib import Path

from parlour.db.migrate import HEAD
from tests.people import Person, Visitors
from tests.servers import ParlourServer
from tests.servers.checkout import ROOT
from tests.servers.process import child_environment, dying_with_parent

UNKNOWN = 401
NEWER_HEAD = "9999"
NEWER_MIGRATION = f"""
from alembic import op
import sqlalchemy as sa

revision, down_revision, branch_labels, depends_on = "{NEWER_HEAD}", "{HEAD}", None, None

def upgrade() -> None:
    op.add_column("clients", sa.Column("of_the_newer_version", sa.Text(), nullable=True))
"""
STAND_INS = """
set -eu
runuser() { shift 3; "$@"; }
install() { command install "$1" "$2" "$7" "$8"; }
"""
"""What needs root: becoming the user, and giving a file to that user."""


class Machine:
    """A folder in the place of /opt and /var/lib, with two versions of Parlour."""

    def __init__(self, folder: Path) -> None:
        self.opt, self.home = folder / "opt", folder / "home"
        self.home.mkdir()
        self._install("parlour-1", ROOT / "src")
        self._install("parlour-2", newer_source(folder))
        (self.opt / "parlour").symlink_to("parlour-1")
        self.server = ParlourServer(self.home, program=self.opt / "parlour" / "bin" / "parlour")

    def _install(self, name: str, source: Path) -> None:
        """Install a program; what it would build or look at beside the database is no matter here."""
        program = self.opt / name / "bin" / "parlour"
        program.parent.mkdir(parents=True)
        program.write_text(
            "#!/bin/sh\n"
            'case "$1" in media|doctor) exit 0;; esac\n'
            f'PYTHONPATH={source} exec {sys.executable} -P -m parlour "$@"\n'
        )
        program.chmod(0o755)

    async def follow(self, heading: str, block: int) -> None:
        """Follow a block of commands below a heading of docs/deploy.md."""
        script = ""
        for line in block_of(heading, block).splitlines():
            before, of_systemd, command = line.partition("systemctl ")
            script += before.removesuffix("&& ") + "\n"
            if of_systemd:
                await self._succeed(script)
                await self._systemctl(command.split()[0])
                script = ""
        await self._succeed(script)

    async def _succeed(self, script: str) -> None:
        code, output = await self.shell(script)
        assert code == 0, output

    async def _systemctl(self, command: str) -> None:
        assert command in ("stop", "start", "restart")
        if command != "start":
            await self.server.terminate()
        if command != "stop":
            await self.server.start()

    async def shell(self, script: str) -> tuple[int | None, str]:
        """Run a script as root would; return its exit code and what it says."""
        here = script.replace("/opt/", f"{self.opt}/").replace("/var/lib/parlour", str(self.home))
        process = await asyncio.create_subprocess_exec(
            *("bash", "-c", STAND_INS + here),
            cwd=self.home,
            env=child_environment(self.home),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            preexec_fn=dying_with_parent(signal.SIGKILL),
        )
        async with asyncio.timeout(60):
            output, _ = await process.communicate()
        return process.returncode, output.decode()


def newer_source(folder: Path) -> Path:
    """Return a folder with the package of a newer version, whose web client is this one's."""
    source = folder / "newer" / "parlour"
    ours = ROOT / "src" / "parlour"
    shutil.copytree(ours, source, ignore=shutil.ignore_patterns("_web"))
    (source / "_web").symlink_to(ours / "_web")
    migrations = source / "db"
    (migrations / "migrations" / "versions" / f"{NEWER_HEAD}_newer.py").write_text(NEWER_MIGRATION)
    code = (migrations / "migrate.py").read_text()
    (migrations / "migrate.py").write_text(code.replace(f'HEAD = "{HEAD}"', f'HEAD = "{NEWER_HEAD}"'))
    return source.parent


def block_of(heading: str, number: int) -> str:
    """Return an indented block of the document."""
    _, _, below = (ROOT / "docs" / "deploy.md").read_text().partition(f"\n## {heading}\n")
    blocks: list[str] = re.findall(r"(?:^ {4}.*\n)+", below.partition("\n## ")[0], re.MULTILINE)
    return textwrap.dedent(blocks[number])


def database(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.glob("parlour.db*") if "shm" not in file.name}


async def test_updating_and_going_back(tmp_path: Path) -> None:
    machine = Machine(tmp_path)
    async with machine.server as server, Visitors(server) as people:
        ann = await people.client("ann")

        await machine.follow("Updating", 1)
        bob = await people.client("bob")
        await logs_in(server, ann)

        await server.terminate()
        before = database(machine.home / "data")
        code, said = await machine.shell("/opt/parlour-1/bin/parlour migrate")
        assert (code, said.count("\n"), "newer version" in said) == (2, 1, True)
        assert database(machine.home / "data") == before, "the older version changes nothing in it"
        await server.start()

        await machine.follow("Going back", 1)
        await logs_in(server, ann)
        wanted = {"username": bob.username, "password": bob.password}
        assert (await bob.http.post("/client/login", json=wanted)).status_code == UNKNOWN
        assert set(database(machine.home / "database-of-2")) >= {"parlour.db"}


async def logs_in(server: ParlourServer, person: Person) -> None:
    again = Person(server, email=person.email, username=person.username)
    async with again.http:
        await again.logs_in()
