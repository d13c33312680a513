"""The server's OpenAPI document as an oracle: it has to describe every answer that a test gets."""

from functools import cache
from typing import Any, Self

import httpx
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from tests.people import http_client
from tests.servers import ParlourServer


class Document:
    """A validator of answers, built from /openapi.json."""

    def __init__(self, content: dict[str, Any]) -> None:
        self.content = content
        self._validator = cache(self._new_validator)

    @classmethod
    async def of(cls, server: ParlourServer) -> Self:
        async with http_client(server) as http:
            return cls((await http.get("/openapi.json")).raise_for_status().json())

    async def examine(self, answer: httpx.Response) -> None:
        """Assert that an answer's status, media type and body are documented, and that no cache may store it.

        Answers at paths and methods outside the document pass: tests ask for 404 and 405 there.
        """
        method, path = answer.request.method.lower(), answer.request.url.path
        told = f"{answer.request.method} {path}: {answer.status_code}"
        operation = self.content["paths"].get(path, {}).get(method)
        if operation is None:
            return
        assert answer.headers["cache-control"] == "no-store", told
        documented = operation["responses"].get(str(answer.status_code))
        assert documented is not None, f"{told} is not documented"
        if "content" in documented:
            await answer.aread()
            media_type = answer.headers["content-type"]
            assert media_type in documented["content"], f"{told} is {media_type}"
            self._validator(method, path, str(answer.status_code), media_type).validate(answer.json())

    def _new_validator(self, method: str, path: str, status: str, media_type: str) -> Draft202012Validator:
        response = self.content["paths"][path][method]["responses"][status]
        schema = response["content"][media_type]["schema"]
        return Draft202012Validator({**schema, "components": self.content["components"]})
