"""Whom `labkeeper token` makes tokens for: those only that the server takes."""

import jwt
import pytest
from typer.testing import CliRunner

from api.kernel.authorization import Role
from api.kernel.jwt_tokens import JwtTokens
from api.kernel.principal import InvalidTokenError
from api.kernel.tokens import mint_token
from cli.app import app

SECRET = b"s" * 32
REFUSED = {
    " ": "must not be empty",
    "a" * 256: "must have at most 255 characters",
    "ada\u202e": "must not hold control characters or direction marks",
    "ada\nbea": "must not hold control characters or direction marks",
}


@pytest.mark.parametrize(("subject", "rule"), REFUSED.items())
async def test_the_command_and_the_server_refuse_the_same_subjects_by_the_same_rule(subject: str, rule: str) -> None:
    done = CliRunner().invoke(app, ["token", "--role", "user", "--subject", subject], env={"COLUMNS": "200"})
    assert (done.exit_code, done.stdout) == (2, "")
    assert rule in done.stderr
    with pytest.raises(ValueError, match=rule):
        mint_token(SECRET, Role.USER, subject, 60)
    forged = jwt.encode({"sub": subject, "role": "user", "exp": 4_000_000_000}, SECRET, "HS256")
    with pytest.raises(InvalidTokenError, match=f"has a subject that cannot be: it {rule}"):
        await JwtTokens(SECRET).authenticate_async(forged)


async def test_the_longest_subject_is_taken() -> None:
    token = mint_token(SECRET, Role.USER, "é" * 255, 60)
    assert (await JwtTokens(SECRET).authenticate_async(token)).subject == "é" * 255
