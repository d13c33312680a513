"""The mail server of the tests of mail."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from tests.servers import ParlourServer, SmtpServer


@pytest.fixture(scope="session")
async def server_with_mail(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[tuple[ParlourServer, SmtpServer]]:
    """A Parlour and its mail server, shared by the tests that reconfigure neither."""
    folder = tmp_path_factory.mktemp("server-with-mail")
    async with AsyncExitStack() as ending:
        mails = await ending.enter_async_context(SmtpServer(folder))
        settings = {"PARLOUR_SMTP_URL": mails.url}
        yield await ending.enter_async_context(ParlourServer(folder, settings=settings)), mails
