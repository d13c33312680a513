from parlour.rooms import export


def test_docs_have_the_policy_of_the_code() -> None:
    document = export.SECURITY.read_text(encoding="utf-8")
    assert export.with_table(document) == document
