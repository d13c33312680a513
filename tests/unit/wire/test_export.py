"""Generated files say what the types say."""

from parlour.wire.export import PROTOCOL, TYPESCRIPT, protocol, typescript


def test_the_web_clients_types_are_up_to_date() -> None:
    assert TYPESCRIPT.read_text(encoding="utf-8") == typescript()


def test_the_protocols_tables_are_up_to_date() -> None:
    document = PROTOCOL.read_text(encoding="utf-8")
    assert protocol(document) == document
