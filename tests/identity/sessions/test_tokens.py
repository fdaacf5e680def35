"""Access tokens: whatever is not the pool's own, for us, now, is refused, and nothing is asked upstream for it."""

import base64
import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from kernel.clock import FixedClock
from sandbox.cognito.operations import CLIENT, OTHER_CLIENT, POOL
from sandbox.control import SandboxControl
from tests.client import Answer
from tests.identity.sessions.conftest import MakeShop
from tests.identity.sessions.person import Person

VIEWER = "{ viewer { id } }"
_STRANGE_KEY = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)


def claims_of(token: str | None) -> dict[str, Any]:
    return dict(jwt.decode(token or "", options={"verify_signature": False}))


def header_of(token: str | None) -> dict[str, Any]:
    return dict(jwt.get_unverified_header(token or ""))


async def shown(ada: Person, token: str) -> Answer:
    return await ada.client.query(VIEWER, headers={"authorization": f"Bearer {token}"})


async def refused(ada: Person, token: str, *, calls: int = 0) -> None:
    """The token is refused as such, and so many calls went upstream for it."""
    ada.sandbox.reset_calls()
    answer = await shown(ada, token)
    assert (answer.status, answer.codes) == (401, ["UNAUTHENTICATED"])
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    assert ada.sandbox.calls()["total"] == calls


def part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


async def test_a_token_signed_with_no_algorithm_is_refused(shop: MakeShop) -> None:
    async with shop() as ada:
        await ada.joined()
        head = {"alg": "none", "kid": header_of(ada.token)["kid"]}
        await refused(ada, f"{part(head)}.{part(claims_of(ada.token))}.")


async def test_a_token_signed_with_the_public_key_as_a_shared_secret_is_refused(shop: MakeShop) -> None:
    async with shop() as ada:
        await ada.joined()
        base = ada.sandbox._base
        published = jwt.PyJWKClient(f"{base}/{POOL}/.well-known/jwks.json").get_signing_keys()[0]
        pem = published.key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        secret = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
        signed = f"{part({'alg': 'HS256', 'kid': published.key_id})}.{part(claims_of(ada.token))}"
        mac = base64.urlsafe_b64encode(secret.sign(signed.encode(), pem)).rstrip(b"=").decode()
        await refused(ada, f"{signed}.{mac}")


async def test_a_token_that_brings_its_own_key_is_refused(shop: MakeShop) -> None:
    async with shop() as ada:
        await ada.joined()
        own = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(_STRANGE_KEY.public_key()))
        headers = {"kid": header_of(ada.token)["kid"], "jku": "https://evil.example/jwks.json", "jwk": own}
        token = jwt.encode(claims_of(ada.token), _STRANGE_KEY, algorithm="RS256", headers=headers)
        await refused(ada, token)


async def test_a_token_of_a_strange_key_is_refused_after_one_look_at_the_pools(
    shop: MakeShop, clock: FixedClock
) -> None:
    async with shop(clock=clock) as ada:
        await ada.joined()
        token = jwt.encode(claims_of(ada.token), _STRANGE_KEY, algorithm="RS256", headers={"kid": "strange"})
        clock.advance(61)
        await refused(ada, token, calls=1)
        await refused(ada, token)


@pytest.mark.parametrize(
    "claims",
    [
        {"token_use": "id"},
        {"token_use": None},
        {"client_id": OTHER_CLIENT},
        {"client_id": None, "aud": CLIENT},
        {"iss": "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Another01"},
        {"exp": int(time.time()) - 60},
        {"exp": None},
        {"exp": "never"},
        {"exp": True},
        {"iat": int(time.time()) + 3_600},
        {"nbf": int(time.time()) + 3_600},
        {"sub": None},
        {"sub": "../../admin"},
        {"sub": 7},
        {"origin_jti": "a b"},
    ],
)
async def test_a_token_of_the_pools_own_key_that_is_not_for_us_or_not_for_now_is_refused(
    shop: MakeShop, claims: dict[str, Any]
) -> None:
    async with shop() as ada:
        await ada.joined()
        mixed = {name: value for name, value in {**claims_of(ada.token), **claims}.items() if value is not None}
        ada.sandbox.reset_calls()
        await refused(ada, ada.sandbox.mint(mixed))


async def test_a_minted_token_with_nothing_wrong_is_taken(shop: MakeShop) -> None:
    """Or the test above would prove nothing."""
    async with shop() as ada:
        await ada.joined()
        answer = await shown(ada, ada.sandbox.mint(claims_of(ada.token)))
        assert answer.data["viewer"] is not None


async def test_an_id_token_is_no_access_token(shop: MakeShop) -> None:
    async with shop() as ada:
        await ada.joined()
        claims = {**claims_of(ada.token), "token_use": "id", "aud": CLIENT}
        del claims["client_id"]
        await refused(ada, ada.sandbox.mint(claims))


async def test_a_token_that_was_changed_is_refused(shop: MakeShop) -> None:
    async with shop() as ada:
        await ada.joined()
        head, _, mac = (ada.token or "").split(".")
        await refused(ada, f"{head}.{part({**claims_of(ada.token), 'sub': 'somebody-else'})}.{mac}")


async def test_a_token_is_good_until_it_expires_and_no_longer(shop: MakeShop, clock: FixedClock) -> None:
    async with shop(clock=clock) as ada:
        await ada.joined()
        clock.advance(3_590)
        assert (await shown(ada, ada.token or "")).data["viewer"] is not None
        clock.advance(30)
        await refused(ada, ada.token or "")


async def test_a_remembered_token_is_over_when_its_time_is(shop: MakeShop, clock: FixedClock) -> None:
    async with shop(clock=clock) as ada:
        await ada.joined()
        clock.advance(claims_of(ada.token)["exp"] + 8 - clock.now())
        assert (await shown(ada, ada.token or "")).data["viewer"] is not None
        clock.advance(4)
        await refused(ada, ada.token or "")


async def test_a_token_of_another_algorithm_does_not_make_us_ask_for_keys(shop: MakeShop, clock: FixedClock) -> None:
    async with shop(clock=clock) as ada:
        await ada.joined()
        clock.advance(61)
        for algorithm in ("none", "HS256", "RS512", "rs256"):
            await refused(ada, f"{part({'alg': algorithm, 'kid': 'strange'})}.{part(claims_of(ada.token))}.AAAA")


@pytest.mark.parametrize(
    "token", ["", "x", "a.b", "a.b.c", "x" * 9_000, "a" * 200_000, "..", "eyJhbGciOiJSUzI1NiJ9.e30.x"]
)
async def test_what_is_no_token_is_refused(shop: MakeShop, token: str) -> None:
    async with shop() as ada:
        await refused(ada, token)


@pytest.mark.parametrize("header", ["Basic YWRhOnB3", "Token abc", "Bearer"])
async def test_another_scheme_is_refused_and_not_overlooked(shop: MakeShop, header: str) -> None:
    async with shop() as ada:
        answer = await ada.client.query(VIEWER, headers={"authorization": header})
        assert (answer.status, answer.codes) == (401, ["UNAUTHENTICATED"])


async def test_a_thousand_unknown_keys_cost_one_fetch_and_known_ones_keep_working(
    shop: MakeShop, clock: FixedClock
) -> None:
    async with shop(clock=clock) as ada:
        await ada.joined()
        clock.advance(61)
        ada.sandbox.reset_calls()
        claims = part(claims_of(ada.token))
        for number in range(1_000):
            head = part({"alg": "RS256", "kid": f"kid-{number}"})
            assert (await shown(ada, f"{head}.{claims}.AAAA")).codes == ["UNAUTHENTICATED"]
        assert ada.sandbox.calls()["byResource"] == {"Cognito.jwks": 1}
        assert (await ada.viewer())["login"] == "ada@example.com"


@pytest.mark.parametrize(
    "fault", [{"kind": "status", "status": 500}, {"kind": "reset"}, {"kind": "html"}, {"kind": "hang"}]
)
@pytest.mark.usefixtures("hurry")
async def test_known_keys_verify_while_the_pools_cannot_be_fetched(
    shop: MakeShop, clock: FixedClock, fault: dict[str, Any]
) -> None:
    async with shop(clock=clock) as ada:
        await ada.joined()
        unseen = ada.sandbox.mint(claims_of(ada.token))
        ada.sandbox.fault(**fault, api="Cognito")
        clock.advance(61)
        strange = f"{part({'alg': 'RS256', 'kid': 'strange'})}.{part(claims_of(ada.token))}.AAAA"
        assert (await shown(ada, strange)).codes == ["UNAUTHENTICATED"]
        assert (await shown(ada, unseen)).data["viewer"] is not None


async def test_without_any_key_a_token_is_neither_taken_nor_called_wrong(
    shop: MakeShop, sandbox: SandboxControl
) -> None:
    async with shop() as ada, shop() as cold:
        await ada.joined()
        sandbox.fault("status", status=500, api="Cognito", resource="jwks")
        answer = await shown(cold, ada.token or "")
        assert (answer.status, answer.codes) == (503, ["UPSTREAM_UNAVAILABLE"])


async def test_a_rotated_key_is_found(shop: MakeShop, clock: FixedClock) -> None:
    async with shop(clock=clock) as ada:
        await ada.joined()
        ada.sandbox.cognito(rotate=True)
        clock.advance(61)
        assert (await ada.sign_in())["viewer"] is not None


async def test_a_verified_token_is_remembered_even_when_its_key_is_gone(shop: MakeShop, clock: FixedClock) -> None:
    async with shop(clock=clock) as ada:
        await ada.joined()
        unseen = ada.sandbox.mint(claims_of(ada.token))
        for _ in range(2):  # the pool publishes two keys
            ada.sandbox.cognito(rotate=True)
        clock.advance(61)
        strange = f"{part({'alg': 'RS256', 'kid': 'strange'})}.{part(claims_of(ada.token))}.AAAA"
        await refused(ada, strange, calls=1)
        await refused(ada, unseen)
        assert (await shown(ada, ada.token or "")).data["viewer"] is not None


async def test_a_gateway_without_a_pool_takes_nobody_for_a_guest_who_brings_a_token(gateway: Any) -> None:
    async with gateway() as client:
        answer = await client.query(VIEWER, headers={"authorization": "Bearer x"})
        assert (answer.status, answer.codes) == (401, ["UNAUTHENTICATED"])


async def test_a_guests_cart_token_goes_on_beside_an_access_token(shop: MakeShop) -> None:
    async with shop() as ada:
        await ada.joined()
        answer = await ada.client.query(VIEWER, headers={**ada.headers, "x-cart-token": "A" * 43})
        assert answer.data["viewer"] is not None
