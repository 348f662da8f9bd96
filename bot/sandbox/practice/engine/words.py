"""A command line's flags, read as docker's own command line reads them."""

from collections.abc import Sequence

from bot.sandbox.practice.engine.errors import Refused, cannot

_TRUTH = {"true": True, "1": True, "false": False, "0": False}


class Words:
    """What a verb was given: flags by their long name, and the words that are no flags.

    `flags` are written "all a" (long and short name) or "filter f =" (it takes a value). After `--`, or after the
    first plain word where `ends_at_word`, nothing is a flag any more.
    """

    def __init__(
        self,
        verb: str,
        argv: Sequence[str],
        flags: Sequence[str],
        *,
        status: int = 125,
        ends_at_word: bool = False,
    ) -> None:
        """Raises Refused for a flag that is not among `flags`."""
        self._verb, self._status = verb, status
        self._takes: dict[str, bool] = {}
        self._long: dict[str, str] = {}
        for flag in flags:
            names = flag.split()
            takes = names[-1] == "="
            names = names[:-1] if takes else names
            self._takes[names[0]] = takes
            self._long |= dict.fromkeys(names, names[0])
        self._given: dict[str, list[str]] = {}
        self.rest: list[str] = []
        self._read(list(argv), ends_at_word)

    def __contains__(self, name: str) -> bool:
        """Whether a flag that takes no value was given, and not as --name=false."""
        return _TRUTH.get(self._given.get(name, ["false"])[-1], False)

    def all(self, name: str) -> list[str]:
        """Every value that the flag was given, in order."""
        return self._given.get(name, [])

    def one(self, name: str, default: str = "") -> str:
        """The last value that the flag was given."""
        return self._given.get(name, [default])[-1]

    def number(self, name: str, default: int) -> int:
        """Raises Refused when it is not a whole number."""
        text = self.one(name, str(default))
        try:
            return int(text)
        except ValueError:
            raise cannot(f"read --{name} {text} of docker {self._verb}: not a number", self._status) from None

    def some(self, verb: str, least: int = 1) -> list[str]:
        """The words that are no flags. Raises Refused for fewer than `least`."""
        if len(self.rest) < least:
            raise Refused(f'"docker {verb}" requires at least {least} argument{"s" * (least > 1)}.')
        return self.rest

    def _read(self, argv: list[str], ends_at_word: bool) -> None:
        while argv:
            word = argv.pop(0)
            if word == "--":
                self.rest += argv
                return
            if word.startswith("--"):
                self._read_long(word[2:], argv)
            elif word.startswith("-") and word != "-":
                self._read_short(word[1:], argv)
            else:
                self.rest.append(word)
                if ends_at_word:
                    self.rest += argv
                    return

    def _read_long(self, word: str, argv: list[str]) -> None:
        name, equals, value = word.partition("=")
        if name not in self._takes:
            raise cannot(f'understand "docker {self._verb} --{name}" (unknown flag: --{name})', self._status)
        if self._takes[name] and not equals:
            value = self._next(f"--{name}", argv)
        elif not self._takes[name] and not equals:
            value = "true"
        elif not self._takes[name] and value not in _TRUTH:
            raise cannot(f"read --{word} of docker {self._verb}: true or false is meant", self._status)
        self._given.setdefault(name, []).append(value)

    def _read_short(self, letters: str, argv: list[str]) -> None:
        for at, letter in enumerate(letters):
            name = self._long.get(letter)
            if name is None or name == letter:
                reason = f"unknown shorthand flag: '{letter}' in -{letters}"
                raise cannot(f'understand "docker {self._verb} -{letters}" ({reason})', self._status)
            if self._takes[name]:
                value = letters[at + 1 :].removeprefix("=") or self._next(f"-{letter}", argv)
                self._given.setdefault(name, []).append(value)
                return
            self._given.setdefault(name, []).append("true")

    def _next(self, flag: str, argv: list[str]) -> str:
        if not argv:
            raise cannot(f"run docker {self._verb}: flag needs an argument: {flag}", self._status)
        return argv.pop(0)
