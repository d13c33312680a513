"""What a service manager is told, and sockets that are not for this process."""

import os
import socket
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from parlour.service_manager import UnusableSocket, inherited_sockets, tell_service_manager


@pytest.mark.parametrize("is_abstract", [False, True], ids=["a path", "an abstract address"])
def test_it_is_told_at_its_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_abstract: bool
) -> None:
    name = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(f"\0{name}" if is_abstract else name)
        monkeypatch.setenv("NOTIFY_SOCKET", f"@{name}" if is_abstract else name)
        tell_service_manager("READY=1")
        manager.settimeout(10)
        assert manager.recv(64) == b"READY=1"


def test_a_manager_that_has_gone_is_no_fault_of_the_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "nobody"))
    with capture_logs() as log:
        tell_service_manager("STOPPING=1")
    assert [(entry["event"], entry["state"]) for entry in log] == [("service_manager.not_told", "STOPPING=1")]


def test_without_a_manager_nobody_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    with capture_logs() as log:
        tell_service_manager("READY=1")
    assert log == []


@pytest.mark.parametrize("process", ["1", "", "none"])
def test_sockets_of_another_process_are_left_alone(monkeypatch: pytest.MonkeyPatch, process: str) -> None:
    monkeypatch.setenv("LISTEN_FDS", "1")
    monkeypatch.setenv("LISTEN_PID", process)
    assert inherited_sockets() == []
    assert "LISTEN_FDS" not in os.environ, "programs that Parlour starts are not meant either"


@pytest.mark.parametrize("count", ["0", "some", "-1"])
def test_no_number_of_sockets(monkeypatch: pytest.MonkeyPatch, count: str) -> None:
    monkeypatch.setenv("LISTEN_FDS", count)
    monkeypatch.setenv("LISTEN_PID", str(os.getpid()))
    assert inherited_sockets() == []


def test_more_sockets_than_can_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LISTEN_FDS", "129")
    monkeypatch.setenv("LISTEN_PID", str(os.getpid()))
    with pytest.raises(UnusableSocket, match="at most 128"):
        inherited_sockets()
