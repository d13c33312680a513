"""`make audit` tells what was found from what nobody could be asked about."""

from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

NOT_ALLOWED = {"message": "405 Method Not Allowed - POST", "statusCode": 405, "error": {"summary": ""}}


@pytest.fixture(scope="module")
def audit() -> ModuleType:
    loader = SourceFileLoader("audit_tool", str(Path(__file__).parents[2] / "tools" / "audit"))
    spec = spec_from_loader(loader.name, loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


def test_python_packages(audit: ModuleType) -> None:
    clean = {"name": "idna", "version": "3.10", "vulns": []}
    broken = {
        "name": "jinja2",
        "version": "2.10",
        "vulns": [{"id": "PYSEC-2019-217", "fix_versions": ["2.10.1"]}, {"id": "X-1", "fix_versions": []}],
    }
    skipped = {"name": "httpx", "skip_reason": "Dependency not found on PyPI and could not be audited"}
    answer = audit.of_pip_audit({"dependencies": [clean]})
    assert answer.asked and not answer.findings
    answer = audit.of_pip_audit({"dependencies": [clean, broken, skipped]})
    assert not answer.asked
    assert answer.findings == [
        "jinja2 2.10: PYSEC-2019-217, mended in 2.10.1",
        "jinja2 2.10: X-1, mended in none",
    ]
    assert "1 of 3" in answer.detail


@pytest.mark.parametrize(
    ("report", "asked", "findings"),
    [
        ({"vulnerabilities": {}, "metadata": {}}, True, []),
        ({"vulnerabilities": {"ws": {"severity": "high"}}}, True, ["ws: high"]),
        (NOT_ALLOWED, False, []),
        ({"error": {"code": "ENOTFOUND", "summary": ""}}, False, []),
        ({}, False, []),
    ],
)
def test_npm_packages(audit: ModuleType, report: dict[str, Any], asked: bool, findings: list[str]) -> None:
    answer = audit.of_npm_audit(report)
    assert (answer.asked, answer.findings) == (asked, findings)
    assert asked or answer.detail


@pytest.mark.parametrize(
    ("report", "asked", "findings"),
    [
        ({"invalid": [], "missing": []}, True, []),
        (
            {
                "invalid": [{"name": "ws", "version": "8.0.0"}],
                "missing": [{"name": "ms", "version": "2.1.3"}],
            },
            True,
            ["ws 8.0.0: invalid signature", "ms 2.1.3: missing signature"],
        ),
        (NOT_ALLOWED, False, []),
    ],
)
def test_npm_signatures(audit: ModuleType, report: dict[str, Any], asked: bool, findings: list[str]) -> None:
    answer = audit.of_npm_signatures(report)
    assert (answer.asked, answer.findings) == (asked, findings)


def test_whoever_does_not_answer_has_not_said_that_all_is_well(audit: ModuleType, tmp_path: Path) -> None:
    for program in ([str(tmp_path / "missing")], ["true"], ["echo", "no such host"]):
        assert not audit.ask(program, audit.of_npm_audit).asked
