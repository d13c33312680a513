"""Tools for tests of tokens: their claims, their expiry and forgeries."""

import asyncio
import base64
import json
import time
from typing import Any

import jwt

from tests.people import claims_of as claims

__all__ = ["claims", "expiry", "forgeries"]


async def expiry(token: str) -> None:
    """Wait until a token has expired, and a second more, since `exp` has whole seconds."""
    await asyncio.sleep(max(0.0, claims(token)["exp"] - time.time()) + 1.05)


def forgeries(genuine: str) -> dict[str, str]:
    """Return forged copies of a genuine token and malformed texts, by what is wrong with each."""
    head, body, signature = genuine.split(".")
    unsigned = _part({"alg": "none", "typ": "JWT"})
    deep = base64.urlsafe_b64encode(b"[" * 4000).decode().rstrip("=")
    return {
        "other secret": jwt.encode(claims(genuine), "another secret of a decent length, at least", "HS256"),
        "alg none": f"{unsigned}.{body}.",
        "alg none, signed": f"{unsigned}.{body}.{signature}",
        "other algorithm": f"{_part({'alg': 'RS256', 'typ': 'JWT'})}.{body}.{signature}",
        "algorithm of a wrong type": f"{_part({'alg': ['HS256']})}.{body}.{signature}",
        "no signature": f"{head}.{body}.",
        "other claims": f"{head}.{_part(claims(genuine) | {'sub': '1', 'gen': 0})}.{signature}",
        "two parts": f"{head}.{body}",
        "four parts": f"{genuine}.{signature}",
        "not a token": "nonsense",
        "dots": "..",
        "deep header": f"{deep}.{body}.{signature}",
        "deep body": f"{head}.{deep}.{signature}",
        "long": "x" * 8000,
        "numbers": "1",
    }


def _part(content: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")
