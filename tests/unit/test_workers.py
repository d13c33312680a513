"""What `parlour serve --workers` asks of the settings."""

from pathlib import Path

import pytest

from parlour import workers
from parlour.settings import Settings, SettingsError

REDIS, POSTGRESQL = "redis://127.0.0.1", "postgresql:///parlour"


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ({}, "PARLOUR_REDIS_URL"),
        ({"redis_url": REDIS}, "PARLOUR_DATABASE_URL"),
        (
            {"redis_url": REDIS, "database_url": POSTGRESQL, "tls_cert": "chain.pem", "tls_key": "key.pem"},
            "PARLOUR_TLS_CERT",
        ),
    ],
    ids=["a Redis", "PostgreSQL", "a proxy for https"],
)
def test_several_workers_need(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, values: dict[str, str], names: str
) -> None:
    monkeypatch.setattr(workers, "CALLS_ACROSS_WORKERS", True)
    with pytest.raises(SettingsError, match=f"^{names}: .*\\.$"):
        workers.require_workable(Settings(_env_file=None, data_dir=tmp_path, **values))  # type: ignore[arg-type]


def test_until_calls_go_across_them_they_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values = {"redis_url": REDIS, "database_url": POSTGRESQL}
    settings = Settings(_env_file=None, data_dir=tmp_path, **values)  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match=r"^--workers: "):
        workers.require_workable(settings)
    monkeypatch.setattr(workers, "CALLS_ACROSS_WORKERS", True)
    workers.require_workable(settings)
