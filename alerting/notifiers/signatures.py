"""Signs requests to Alibaba Cloud (ACS3-HMAC-SHA256) and Tencent Cloud (TC3-HMAC-SHA256). Pure; sends nothing."""

import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import quote


def acs3(query: Mapping[str, str], headers: Mapping[str, str], body: bytes, *, key_id: str, secret: str) -> str:
    """Return the Authorization of `POST /?query`; every header given is signed. Source: Alibaba Cloud, V3 signature."""
    names = ";".join(sorted(headers))
    request = "\n".join(
        (
            "POST",
            "/",
            canonical(query),
            *(f"{name}:{headers[name].strip()}" for name in sorted(headers)),
            "",
            names,
            hashlib.sha256(body).hexdigest(),
        )
    )
    text = f"ACS3-HMAC-SHA256\n{_digest(request)}"
    signature = hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()
    return f"ACS3-HMAC-SHA256 Credential={key_id},SignedHeaders={names},Signature={signature}"


def tc3(host: str, body: bytes, *, service: str, day: str, timestamp: int, key_id: str, secret: str) -> str:
    """Return the Authorization of `POST /` with a JSON body; `day` is the timestamp's date in UTC, `2026-11-22`.

    Source: Tencent Cloud, signature V3.
    """
    names = "content-type;host"
    head = f"content-type:application/json\nhost:{host}\n"
    request = f"POST\n/\n\n{head}\n{names}\n{hashlib.sha256(body).hexdigest()}"
    scope = f"{day}/{service}/tc3_request"
    text = f"TC3-HMAC-SHA256\n{timestamp}\n{scope}\n{_digest(request)}"
    key = f"TC3{secret}".encode()
    for part in (day, service, "tc3_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    return f"TC3-HMAC-SHA256 Credential={key_id}/{scope}, SignedHeaders={names}, Signature={signature}"


def canonical(query: Mapping[str, str]) -> str:
    """Return a query in the order and spelling that is signed (RFC 3986)."""
    return "&".join(f"{quote(name, safe='~')}={quote(query[name], safe='~')}" for name in sorted(query))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
