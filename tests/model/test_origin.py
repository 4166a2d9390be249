import pytest

from standpipe.model.origin import refuse_browser

Headers = list[tuple[bytes, bytes]]


@pytest.mark.parametrize(
    ("headers", "locked", "refused"),
    [
        ([(b"host", b"127.0.0.1:8080")], False, False),
        ([(b"host", b"localhost:8080")], False, False),
        ([(b"host", b"[::1]:8080")], False, False),
        ([], False, False),
        ([(b"host", b"127.0.0.1:8080"), (b"origin", b"http://127.0.0.1:8080")], False, False),
        ([(b"host", b"127.0.0.1:8080"), (b"origin", b"http://evil.example")], False, True),
        ([(b"host", b"127.0.0.1:8080"), (b"origin", b"null")], False, True),
        ([(b"host", b"127.0.0.1:8080"), (b"origin", b"http://127.0.0.1:9999")], False, True),
        ([(b"host", b"evil.example:8080")], False, True),
        ([(b"host", b"alerting:8080")], True, False),
        ([(b"host", b"alerting:8080"), (b"origin", b"http://evil.example")], True, True),
    ],
)
def test_a_page_of_another_site_is_refused_and_a_program_is_not(headers: Headers, locked: bool, refused: bool) -> None:
    assert bool(refuse_browser(headers, locked=locked)) is refused
