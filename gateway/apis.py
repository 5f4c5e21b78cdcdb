"""The published APIs as an Envoy may be told of them."""

from __future__ import annotations

import time
import uuid
from operator import is_
from typing import Any, NamedTuple

from store import revision
from store.backends import Backend, Cors
from store.endpoints import Endpoint, check_path, of_one_service
from store.models import Api
from store.resources import PARAMETER, check_resource

# Of so many APIs it is remembered what was made of them.
REMEMBERED = 20_000
READ_AGAIN_SECONDS = 10.0


Specificity = tuple[tuple[int, int, str], ...]


class Resource(NamedTuple):
    """One method of one path below the API (store/resources.py)."""

    method: str
    path: str
    scopes: tuple[str, ...] = ()
    auth: str = "any"
    tier: str = ""

    @property
    def specificity(self) -> Specificity:
        return specificity(self.path)


def specificity(path: str) -> Specificity:
    """Sorts what a path is said by before what may stand for anything, and of that what says more before the rest:
    /albums/new, /albums/{id}.jpg, /albums/{id}, /albums/*."""
    return tuple((kind(step), -len(PARAMETER.sub("", step)), step) for step in path.split("/"))


def kind(step: str) -> int:
    return 2 if step == "*" else int("{" in step)


class PublishedApi(NamedTuple):
    """The columns that make routes and clusters; equal rows make equal answers."""

    id: uuid.UUID
    context: str
    version: str
    status: str = Api.Status.PUBLISHED.value
    is_default_version: bool = False
    production_endpoints: tuple[str, ...] = ()
    sandbox_endpoints: tuple[str, ...] = ()
    resources: tuple[Resource, ...] = ()
    tier: str = ""
    subscriptionless_tier: str = ""
    backend: Backend = Backend()
    cors: Cors = Cors()

    @property
    def path(self) -> str:
        return f"{self.context}/{self.version}"

    @property
    def bases(self) -> list[str]:
        """Where its paths begin."""
        return [self.path, self.context] if self.is_default_version else [self.path]

    @property
    def scopes(self) -> tuple[str, ...]:
        """All that its resources ask for, each once."""
        alternatives = {one for resource in self.resources for one in resource.scopes}
        return tuple(sorted({name for one in alternatives for name in one.split()}))

    def methods(self, resource: Resource) -> tuple[str, ...]:
        """RFC 9110 9.3.2: HEAD is GET without the content, so it is for whom GET is, unless the definition has a HEAD
        of the same path."""
        if resource.method != "GET" or any(one[:2] == ("HEAD", resource.path) for one in self.resources):
            return (resource.method,)
        return ("GET", "HEAD")

    def endpoints(self) -> dict[str, list[Endpoint]]:
        """The hosts of the backend of each key type; none where the API has none."""
        urls = {"PRODUCTION": self.production_endpoints, "SANDBOX": self.sandbox_endpoints}
        return {key_type: of_one_service(hosts) for key_type, hosts in urls.items()}


class Held(NamedTuple):
    number: int
    read_at: float
    apis: tuple[PublishedApi, ...]


_held: Held | None = None


def defect(api: PublishedApi) -> str:
    """Why an Envoy would refuse this API, in a sentence; empty when it would not.

    An Envoy refuses an answer as a whole, so one such API would keep every later one from going live.
    """
    try:
        check_path(api.path)
        api.endpoints()
        for resource in api.resources:
            check_resource(resource.method, resource.path)
    except ValueError as error:
        return str(error)
    return ""


def published() -> tuple[PublishedApi, ...]:
    """Every API that the gateway serves, in a fixed order. As long as there is nothing new it costs a statement that
    asks for a number; every ten seconds all are read again, so that nothing stays stale, however it was changed."""
    global _held
    number, now = revision.number(), time.monotonic()
    if _held is None or _held.number != number or now - _held.read_at > READ_AGAIN_SECONDS:
        _held = Held(number, now, read(_held.apis if _held else ()))
    return _held.apis


def read(before: tuple[PublishedApi, ...]) -> tuple[PublishedApi, ...]:
    """What has not changed stays the object it was, which spares those who made something of it (gateway/made.py)."""
    rows = Api.objects.served().order_by("context", "version").values(*PublishedApi._fields)
    known = {api.id: api for api in before}
    found = tuple(same(known.get(row["id"]), of_row(row)) for row in rows)
    unchanged = len(found) == len(before) and all(map(is_, found, before))
    return before if unchanged else found


def same(before: PublishedApi | None, now: PublishedApi) -> PublishedApi:
    return before if before == now and before is not None else now


def forget() -> None:
    global _held
    _held = None


def of_row(row: dict[str, Any]) -> PublishedApi:
    made = {
        "production_endpoints": tuple(row["production_endpoints"]),
        "sandbox_endpoints": tuple(row["sandbox_endpoints"]),
        "resources": tuple(Resource(**{**one, "scopes": tuple(one["scopes"])}) for one in row["resources"]),
        "backend": Backend(**row["backend"]),
        "cors": Cors(**{**row["cors"], "origins": tuple(row["cors"].get("origins", ()))}),
    }
    return PublishedApi(**{**row, **made})
