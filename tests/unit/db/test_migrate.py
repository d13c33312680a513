"""The newest revision is written down, so that a start need not import Alembic; it has to be true."""

from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory

import parlour.db.migrations
from parlour.db.migrate import HEAD


def test_head_is_what_alembic_says() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(parlour.db.migrations.__file__).parent))
    config.set_main_option("path_separator", "os")
    scripts = ScriptDirectory.from_config(config)
    assert scripts.get_heads() == [HEAD]
    assert len(scripts.get_bases()) == 1
