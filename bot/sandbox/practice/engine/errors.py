"""Refusals of the simulated engine, in the words of docker where docker has them."""


class Refused(Exception):
    """What goes to stderr, and the exit status that goes with it."""

    def __init__(self, message: str, status: int = 1) -> None:
        super().__init__(message)
        self.message = message
        self.status = status


def cannot(what: str, status: int = 1) -> Refused:
    """A docker may know it; this one does not, and says so instead of pretending."""
    return Refused(f"practice docker: cannot {what}", status)


def daemon(message: str, status: int = 1) -> Refused:
    """A refusal of the engine itself, as docker's client prints it."""
    return Refused(f"Error response from daemon: {message}", status)
