"""What the demo promises to show, chapter by chapter, and which of it came true. Causes nothing."""

from standpipe.town.terminal import Terminal

PATIENCE = 25.0
"""Seconds to wait for what must follow; then it counts as missing."""

CHAPTERS = {
    "usable": "every hydrant usable on the wall",
    "pressure": "low pressure alert of the opened hydrant",
    "incident": "fire incident on the wall",
    "message": "SMS handed to the gateway",
    "receipt": "delivery receipt of the SMS",
}
"""What must happen for the demo to have worked."""


class Chapters:
    """The list with its ticks."""

    def __init__(self, terminal: Terminal) -> None:
        """Start with nothing true; what is missing is told to the terminal."""
        self._terminal = terminal
        self.done: dict[str, bool] = dict.fromkeys(CHAPTERS, False)

    @property
    def outstanding(self) -> list[str]:
        """Return in words what has not come true."""
        return [CHAPTERS[chapter] for chapter, done in self.done.items() if not done]

    def came_true(self, chapter: str) -> None:
        """Tick one off."""
        self.done[chapter] = True

    def missing(self, *chapters: str) -> None:
        """Say that something which should have followed did not."""
        for chapter in chapters:
            self._terminal.event("MISSING", CHAPTERS[chapter])
