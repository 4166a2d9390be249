"""The four errors that are handled by name. Anything else may crash its process and be restarted."""

from dataclasses import dataclass


class DecodeError(ValueError):
    """Bytes or text from a device that cannot be read. The frame is kept with this reason."""


class Retryable(Exception):
    """An output or notifier could not deliver now; the same thing may be tried again."""

    def __init__(self, reason: str, *, after: float | None = None) -> None:
        """Say why; `after` is how many seconds the other side asked us to wait, where it did."""
        super().__init__(reason)
        self.after = after


class Rejected(Exception):
    """An output or notifier refused for good; trying the same thing again cannot help."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong in a file that a person wrote: where it is, what is wrong, what was expected."""

    file: str
    key: str
    reason: str
    line: int | None = None

    def __str__(self) -> str:
        """Render as `file:line: key: reason`, the shape editors can jump to."""
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where}: {self.key}: {self.reason}" if self.key else f"{where}: {self.reason}"


class ConfigError(Exception):
    """Configuration that cannot be used. Carries every fault found, not the first."""

    def __init__(self, faults: list[Fault]) -> None:
        """Take all faults, in the order in which a person would meet them."""
        super().__init__("\n".join(str(fault) for fault in faults))
        self.faults = faults
