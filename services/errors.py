"""One tree of errors. Each says what a person is told (a phrase of the catalogue) apart from the detail for the log.

OpsgateError
├── BadInput               a person asked for something that does not exist or does not parse
├── Busy                   the project has an operation already, or its lock is held on the host
├── Frozen                 a person locked the project with /lock
├── StorageError           a place for copies of backups did not do what was asked
│   └── StorageAway        ... because it cannot be reached: trying again may help
├── SourceError            the source tree or git repository cannot be packed
├── StepFailed             a step of an operation ended badly; nothing is unknown
│   └── Cancelled          ... because a person asked for it
├── HostError              the host did not do what was asked
│   ├── Unreachable        no connection, or it was lost; what ran there is unknown until asked
│   │   └── TimedOut       the deadline passed
│   ├── AuthRefused        the host did not accept our key
│   ├── HostKeyChanged     the host's key is not the pinned one: everything stops
│   ├── CommandFailed      exit status other than 0
│   ├── Fenced             a newer claim took the lock: this runner must stop at once
│   └── LockHeld           another Opsgate holds the project's lock
└── Superseded             facts changed between plan and run: a new plan is shown instead
"""

from __future__ import annotations

from services.phrases import Phrase, Value


def last_words(text: str, most: int) -> str:
    """The end of a text, at most so many characters: whole lines, else whole words.

    Half a secret is not known for one any more, so nothing is cut in its middle.
    """
    if len(text) <= most:
        return text
    end = text[-most - 1 :]
    for gap in ("\n", " "):
        if (cut := end.find(gap)) >= 0:
            return end[cut + 1 :]
    return ""


class OpsgateError(Exception):
    """Root. `phrase` is for people, `detail` for the log (never holds a secret)."""

    code = "error-internal"

    def __init__(self, code: str | None = None, /, *, detail: str = "", **args: Value) -> None:
        self.phrase = Phrase(id=code or self.code, args=args)
        self.detail = detail
        super().__init__(self.phrase.id, detail)

    def __str__(self) -> str:
        args = ", ".join(f"{key}={value}" for key, value in self.phrase.args.items())
        return f"{self.phrase.id}({args})" + (f": {self.detail}" if self.detail else "")


class BadInput(OpsgateError):
    code = "error-bad-input"


class Busy(OpsgateError):
    code = "error-busy"


class Frozen(OpsgateError):
    code = "error-frozen"


class SourceError(OpsgateError):
    code = "error-source"


class StorageError(OpsgateError):
    code = "error-storage"


class StorageAway(StorageError):
    code = "error-storage-away"


class Superseded(OpsgateError):
    code = "error-superseded"


class StepFailed(OpsgateError):
    code = "error-step-failed"


class Cancelled(StepFailed):
    code = "error-cancelled"


class HostError(OpsgateError):
    code = "error-host"


class Unreachable(HostError):
    code = "error-unreachable"


class TimedOut(Unreachable):
    code = "error-timed-out"


class AuthRefused(HostError):
    code = "error-auth-refused"


class HostKeyChanged(HostError):
    code = "error-host-key-changed"


class CommandFailed(HostError):
    """A command ended with an exit status other than 0; `exit_status` and the tail of stderr are kept."""

    code = "error-command-failed"

    def __init__(self, name: str, exit_status: int, stderr: str = "") -> None:
        tail = last_words(stderr.strip(), 300)
        super().__init__(detail=last_words(stderr, 2000), command=name, status=exit_status, tail=tail)
        self.exit_status = exit_status


class Fenced(HostError):
    code = "error-fenced"


class LockHeld(HostError):
    code = "error-lock-held"
