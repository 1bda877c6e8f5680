"""The FastAPI application; uvicorn serves it."""

from fastapi import FastAPI

from authmux.fastapi import AuthMiddleware, CurrentPrincipal, requires
from examples.demo.agreed import API_KEY_HEADER, PATH, SCOPE, describe, make_authenticator

app = FastAPI()
app.add_middleware(AuthMiddleware, authenticator=make_authenticator(), api_key_header=API_KEY_HEADER, realm="demo")


@app.get(PATH)
@requires(SCOPE)
async def reports(principal: CurrentPrincipal) -> dict[str, object]:
    """Say who came."""
    return describe(principal)
