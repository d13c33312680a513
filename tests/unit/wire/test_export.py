"""Generated files say what the types say."""

from parlour.wire.export import PAGES_TYPESCRIPT, PROTOCOL, TYPESCRIPT, pages, protocol, typescript


def test_the_web_clients_types_are_up_to_date() -> None:
    assert TYPESCRIPT.read_text(encoding="utf-8") == typescript()


def test_the_web_client_has_the_pages_that_the_server_answers() -> None:
    assert PAGES_TYPESCRIPT.read_text(encoding="utf-8") == pages()


def test_the_protocols_tables_are_up_to_date() -> None:
    document = PROTOCOL.read_text(encoding="utf-8")
    assert protocol(document) == document
