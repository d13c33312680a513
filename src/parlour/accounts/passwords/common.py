"""The passwords that are tried first: zxcvbn's list of the 30,000 most common ones."""


def common_passwords(*, shortest: int) -> frozenset[str]:
    """In lower case. Loading them takes some 70 ms, so it waits until somebody chooses a password."""
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    return frozenset(word.lower() for word in FREQUENCY_LISTS["passwords"] if len(word) >= shortest)
