"""Requests of the plain shape are answered without FastAPI's general solving of dependencies.

Most endpoints take a small JSON object, ask who the caller is, and return a model. For these a plan is made
when the route is made. A request that is not of the plain shape goes FastAPI's own way, which also makes
every refusal of a body: whether it does is decided before anything is done for the request.
"""

from collections.abc import Awaitable, Callable, Coroutine
from inspect import iscoroutinefunction
from typing import Any, cast

from fastapi import BackgroundTasks, HTTPException, Request, Response, params
from fastapi._compat import ModelField
from fastapi.datastructures import DefaultPlaceholder
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, serialize_response
from pydantic import BaseModel

LONGEST_BODY = 4096
"""Bytes. A longer body goes the general way, which asks who the caller is before it validates."""
_JSON = b"application/json"
_NOT_PLAIN = object()

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class DirectRoute(APIRoute):
    """A route whose plain requests take the short way (`APIRouter(route_class=DirectRoute)`)."""

    @property
    def is_direct(self) -> bool:
        """True if some requests take the short way."""
        return _is_plain(self)

    def get_route_handler(self) -> Handler:
        general = super().get_route_handler()
        return _Direct(self, general).handle if self.is_direct else general


class _Direct:
    """The short way of one route."""

    def __init__(self, route: APIRoute, general: Handler) -> None:
        dependant = route.dependant
        self._general = general
        self._call = cast(Callable[..., Awaitable[Any]], dependant.call)
        self._dependencies = [
            (one.name, cast(Callable[..., Awaitable[Any]], one.call), cast(str, one.request_param_name))
            for one in dependant.dependencies
        ]
        self._body = dependant.body_params[0] if dependant.body_params else None
        self._request_name = dependant.request_param_name
        self._response_name = dependant.response_param_name
        self._background_name = dependant.background_tasks_param_name
        self._field = route.response_field
        self._model = route.response_model
        self._excludes_none = route.response_model_exclude_none
        self._overrides = getattr(route.dependency_overrides_provider, "dependency_overrides", {})

    async def handle(self, request: Request) -> Response:
        body = None if self._body is None else await _read(request, self._body)
        if body is _NOT_PLAIN or self._overrides:
            return await self._general(request)
        values: dict[str, Any] = {}
        for name, call, request_name in self._dependencies:
            found = await call(**{request_name: request})
            if name is not None:
                values[name] = found
        if self._body is not None:
            values[self._body.name] = body
        if self._request_name is not None:
            values[self._request_name] = request
        extra, background = None, None
        if self._response_name is not None:
            extra = values[self._response_name] = Response()
            del extra.headers["content-length"]
            extra.status_code = None  # type: ignore[assignment]  # as FastAPI does: unless the endpoint says
        if self._background_name is not None:
            background = values[self._background_name] = BackgroundTasks()
        return await self._answer(await self._call(**values), extra, background)

    async def _answer(
        self, returned: Any, extra: Response | None, background: BackgroundTasks | None
    ) -> Response:
        if isinstance(returned, Response):
            if returned.background is None:
                returned.background = background
            return returned
        if self._field is not None and type(returned) is self._model:  # which need not be validated again
            content = self._field.serialize_json(returned, exclude_none=self._excludes_none)
        else:
            content = await serialize_response(
                field=self._field,
                response_content=returned,
                exclude_none=self._excludes_none,
                dump_json=True,
            )
        status = 200 if extra is None else extra.status_code or 200
        response = Response(content, status, media_type="application/json", background=background)
        if extra is not None:
            response.headers.raw.extend(extra.headers.raw)
        return response


async def _read(request: Request, field: ModelField) -> Any:
    """Read and validate a small JSON body; anything else is _NOT_PLAIN, and stays for the general way."""
    length, kinds = b"", []
    for name, value in request.scope["headers"]:
        if name == b"content-type":
            kinds.append(value)
        elif name == b"content-length":
            length = value
    if kinds != [_JSON] or not length.isdigit() or not 0 < int(length) <= LONGEST_BODY:
        return _NOT_PLAIN
    try:
        await request.body()
    except HTTPException:
        raise
    except Exception as error:  # as FastAPI says it, since the body cannot be read again
        raise HTTPException(400, "There was an error parsing the body") from error
    try:
        given = await request.json()
    except (ValueError, RecursionError):
        return _NOT_PLAIN
    found, errors = field.validate(given, {}, loc=("body",))
    return _NOT_PLAIN if errors else found


def _is_plain(route: APIRoute) -> bool:
    """True for a route that a plan covers whole: any other shape of it is FastAPI's to handle."""
    dependant = route.dependant
    return (
        _takes_no_parameters(dependant)
        and len(dependant.body_params) <= 1
        and not (dependant.body_params and (route._embed_body_fields or not _is_a_model(route)))
        and iscoroutinefunction(dependant.call)
        and all(map(_is_plain_dependency, dependant.dependencies))
        and len({one.call for one in dependant.dependencies}) == len(dependant.dependencies)
        and route.status_code is None
        and isinstance(route.response_class, DefaultPlaceholder)
        and route.response_model_by_alias
        and not (route.response_model_exclude_unset or route.response_model_exclude_defaults)
        and not (route.response_model_include or route.response_model_exclude)
        and (
            not (isinstance(route.response_model, type) and issubclass(route.response_model, BaseModel))
            or route.response_model.model_config.get("revalidate_instances", "never") == "never"
        )
    )


def _is_a_model(route: APIRoute) -> bool:
    """True for a body of a single model, which is required or may be None."""
    field = route.body_field
    return (
        field is not None
        and field is route.dependant.body_params[0]
        and type(field.field_info) is params.Body
    )


def _takes_no_parameters(dependant: Dependant) -> bool:
    return not (
        dependant.path_params
        or dependant.query_params
        or dependant.header_params
        or dependant.cookie_params
        or dependant.websocket_param_name
        or dependant.http_connection_param_name
        or dependant.security_scopes_param_name
        or dependant.own_oauth_scopes
    )


def _is_plain_dependency(one: Dependant) -> bool:
    return (
        _takes_no_parameters(one)
        and not (one.body_params or one.dependencies or one.response_param_name)
        and one.background_tasks_param_name is None
        and one.request_param_name is not None
        and one.concurrency is None
        and iscoroutinefunction(one.call)
    )
