"""Lines of mosquitto's password file, so that no tool of the broker is needed to write one. Keeps no password."""

import base64
import hashlib
import os

ITERATIONS = 101
"""What mosquitto_passwd 2.0 writes; the passwords are 256 random bits, which no number of rounds makes stronger."""


def password_line(user: str, password: str, *, salt: bytes | None = None) -> str:
    """Return `user:$7$iterations$salt$hash`, PBKDF2 with SHA-512 (mosquitto 2.0)."""
    salt = salt or os.urandom(12)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ITERATIONS)
    return f"{user}:$7${ITERATIONS}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"
