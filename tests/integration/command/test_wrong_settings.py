"""A wrong setting ends the command with one sentence that names it, and exit code 2."""

import asyncio
import os
import socket
from pathlib import Path

import pytest

from tests.servers.command import Ended, run_parlour
from tests.servers.process import free_port

WRONG = [
    ("DATABASE_URL", "mysql://ann:sw0rdfish@localhost/parlour"),
    ("DATABASE_URL", f"postgresql://ann:sw0rdfish@127.0.0.1:{free_port()}/parlour"),
    ("DATABASE_URL", "sqlite:////proc/nowhere/parlour.db"),
    ("DATABASE_URL", "sqlite:///file"),
    ("DATA_DIR", "file"),
    ("DATA_DIR", "/sys/parlour"),
    ("SMTP_URL", "http://ann:sw0rdfish@localhost"),
    ("ACCESS_TOKEN_TTL", "soon"),
    ("REFRESH_TOKEN_TTL", "-1"),
    ("PUBLIC_URL", "meet.example.org"),
    ("ALLOWED_ORIGINS", "https://a.example,b.example"),
    ("SECRET_KEY", "sw0rdfish"),
    ("REDIS_URL", "http://ann:sw0rdfish@localhost"),
    ("REDIS_URL", "redis://ann:sw0rdfish@localhost/first"),
]


def assert_one_sentence(ended: Ended, *names: str) -> None:
    assert ended.code == 2, ended.err
    assert ended.out == ""
    (line,) = ended.err.splitlines()
    assert line.startswith("parlour: ")
    assert line.endswith(".")
    for name in names:
        assert name in line
    assert "sw0rdfish" not in line
    assert "Traceback" not in line


async def test_serve(tmp_path: Path) -> None:
    """All at once: each is a process that starts."""
    (tmp_path / "file").write_text(
        "neither a folder nor a database, and long enough to be read as one\n" * 99
    )
    ended = await asyncio.gather(
        *(
            run_parlour("serve", "--port", "0", folder=tmp_path, settings={f"PARLOUR_{name}": value})
            for name, value in WRONG
        )
    )
    for (name, _), one in zip(WRONG, ended, strict=True):
        assert_one_sentence(one, f"PARLOUR_{name}")


async def test_other_commands(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    wrong = [
        (["migrate"], WRONG[1]),
        (["room", "list"], WRONG[4]),
        (["user", "create", "anna", "ann@example.org"], WRONG[7]),
    ]
    ended = await asyncio.gather(
        *(
            run_parlour(
                *command,
                folder=tmp_path,
                settings={f"PARLOUR_{name}": value, "PARLOUR_USER_PASSWORD": "correct horse"},
            )
            for command, (name, value) in wrong
        )
    )
    for (_, (name, _)), one in zip(wrong, ended, strict=True):
        assert_one_sentence(one, f"PARLOUR_{name}")


async def test_an_unwritable_data_folder(tmp_path: Path) -> None:
    """Root may write anywhere, except where the system itself says no."""
    data = tmp_path / "data"
    data.mkdir(0o500)
    if os.geteuid() == 0:
        data = Path("/sys/kernel")
    ended = await run_parlour(
        "serve", "--port", "0", folder=tmp_path, settings={"PARLOUR_DATA_DIR": str(data)}
    )
    assert_one_sentence(ended, "PARLOUR_DATA_DIR", str(data))


async def test_a_port_in_use(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        ended = await run_parlour("serve", "--port", port, folder=tmp_path)
    assert_one_sentence(ended, port, "--port")


@pytest.mark.parametrize(
    "arguments",
    [["--host", "192.0.2.254"], ["--host", "no.such.host.invalid"], ["--port", "99999"], ["--port", "-1"]],
    ids=" ".join,
)
async def test_an_address_that_cannot_be(tmp_path: Path, arguments: list[str]) -> None:
    ended = await run_parlour("serve", *arguments, folder=tmp_path)
    assert ended.code == 2
    assert "Traceback" not in ended.err
    assert arguments[0] in ended.err or arguments[1] in ended.err


async def test_a_line_of_dot_env_is_named_too(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PARLOUR_PUBLIC_URL=nowhere\n")
    ended = await run_parlour("serve", "--port", "0", folder=tmp_path)
    assert_one_sentence(ended, "PARLOUR_PUBLIC_URL")


async def test_a_database_that_answers_nothing(tmp_path: Path) -> None:
    """It takes the connection and says no word: a start does not wait for ever."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1]
        settings = {"PARLOUR_DATABASE_URL": f"postgresql://ann:sw0rdfish@127.0.0.1:{port}/parlour"}
        ended = await run_parlour("serve", "--port", "0", folder=tmp_path, settings=settings)
    assert_one_sentence(ended, "PARLOUR_DATABASE_URL")


REPEATED = "password" * 5


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({}, "PARLOUR_PUBLIC_URL"),
        ({"PARLOUR_PUBLIC_URL": "http://meet.example.org"}, "PARLOUR_PUBLIC_URL"),
        ({"PARLOUR_PUBLIC_URL": "https://localhost"}, "/dev/mail"),
        ({"PARLOUR_PUBLIC_URL": "https://meet.example.org", "PARLOUR_SECRET_KEY": REPEATED}, "SECRET_KEY"),
        ({"PARLOUR_ALLOW_INSECURE": "true", "PARLOUR_SECRET_KEY": REPEATED}, "PARLOUR_SECRET_KEY"),
        ({"PARLOUR_ALLOW_INSECURE": "maybe"}, "PARLOUR_ALLOW_INSECURE"),
    ],
    ids=["nothing", "http", "dev-mail", "weak-secret", "weak-secret-allowed", "no-boolean"],
)
async def test_serving_to_others_is_refused_unless_safe(
    tmp_path: Path, settings: dict[str, str], named: str
) -> None:
    everywhere = "0.0.0.0"  # noqa: S104 - refused before it is listened on
    ended = await run_parlour(
        "serve", "--host", everywhere, "--port", "0", folder=tmp_path, settings=settings
    )
    assert_one_sentence(ended, named)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"PARLOUR_PUBLIC_URL": "https://meet.example.org", "PARLOUR_SECRET_KEY": REPEATED}, "SECRET_KEY"),
        (
            {"PARLOUR_PUBLIC_URL": "https://meet.example.org", "PARLOUR_OLD_SECRET_KEYS": REPEATED},
            "PARLOUR_OLD_SECRET_KEYS",
        ),
        ({"PARLOUR_PUBLIC_URL": "http://meet.example.org"}, "PARLOUR_PUBLIC_URL"),
    ],
    ids=["weak-secret", "weak-old-secret", "http"],
)
async def test_serving_to_others_through_a_proxy_is_refused_unless_safe(
    tmp_path: Path, settings: dict[str, str], named: str
) -> None:
    """It listens on loopback, where the proxy of the public URL finds it."""
    ended = await run_parlour("serve", "--port", "0", folder=tmp_path, settings=settings)
    assert_one_sentence(ended, named)
