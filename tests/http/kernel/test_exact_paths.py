"""Which route answers a path: the same one with and without the index of paths."""

import httpx
import pytest
from fastapi import FastAPI, Request
from fastapi.routing import APIRouter

from api.kernel.exact_paths import ExactPaths


def application() -> FastAPI:
    app = FastAPI(openapi_url=None)
    router: APIRouter = app.router

    @router.get("/things")
    async def things(request: Request) -> list[str]:
        return ["things", *request.path_params]

    @router.post("/things")
    async def make() -> list[str]:
        return ["make"]

    @router.get("/things/{name}")
    async def one(name: str) -> list[str]:
        return ["one", name]

    @router.get("/things/last")
    async def never() -> list[str]:
        return ["never"]

    @router.get("/things/")
    async def with_slash() -> list[str]:
        return ["with slash"]

    return app


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/things"),
        ("POST", "/things"),
        ("DELETE", "/things"),
        ("GET", "/things/last"),
        ("GET", "/things/first"),
        ("GET", "/things/"),
        ("GET", "/other"),
        ("GET", "/things%2Flast"),
    ],
)
async def test_the_index_finds_what_the_router_finds(method: str, path: str) -> None:
    plain, indexed = application(), application()
    indexed.router.middleware_stack = ExactPaths(indexed.router)
    answers = []
    for app in (plain, indexed, indexed):
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
            answer = await client.request(method, path)
            answers.append((answer.status_code, answer.content, answer.headers.get("allow")))
    assert answers[0] == answers[1] == answers[2]
