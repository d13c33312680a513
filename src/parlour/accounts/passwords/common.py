"""The passwords that attackers try first: zxcvbn's list of the 30,000 most common passwords."""


def common_passwords(*, shortest: int) -> frozenset[str]:
    """Load the passwords, in lower case. Takes some 70 ms, so do so only when a password is chosen."""
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    return frozenset(word.lower() for word in FREQUENCY_LISTS["passwords"] if len(word) >= shortest)
