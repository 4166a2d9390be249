"""Text in GB/T 26875.3 objects: GB 18030, padded in more ways than one. Reads all of them, writes the standard's."""

DESCRIPTION = 31
"""Bytes of a component's description."""


def read_text(content: bytes) -> str:
    """Return the words in a text field: padding before them skipped, cut at the next NUL, trailing spaces dropped.

    Seen in the field: spaces all over, NULs after or before the words, stale bytes behind a NUL. Bytes that are no
    GB 18030 become U+FFFD, so keep the raw bytes beside the words.
    """
    words, _, _ = content.lstrip(b"\0 ").partition(b"\0")
    return words.rstrip(b" ").decode("gb18030", errors="replace")


def write_description(text: str) -> bytes:
    """Return 31 bytes: GB 18030, cut between characters where it is too long, padded with NUL."""
    content = text.encode("gb18030", errors="replace")
    while len(content) > DESCRIPTION:
        text = text[:-1]
        content = text.encode("gb18030", errors="replace")
    return content.ljust(DESCRIPTION, b"\0")
