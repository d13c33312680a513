from parlour.rooms import policy_table


def test_docs_have_the_policy_of_the_code() -> None:
    document = policy_table.SECURITY.read_text(encoding="utf-8")
    assert policy_table.with_table(document) == document
