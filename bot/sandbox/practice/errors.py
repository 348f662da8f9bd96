"""Why there is no practice host, for the person who asked for one."""


class PracticeError(Exception):
    """The practice host cannot be made; the text says why and what to do."""
