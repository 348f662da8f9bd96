"""Long sets of names, written without a quote around each."""


def words(*lines: str) -> frozenset[str]:
    """The words of some lines, as a set."""
    return frozenset(word for line in lines for word in line.split())
