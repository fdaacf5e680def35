"""How often the provider is asked: so often for a number, however the tries are spread, and so often for an address."""

import uuid

from kernel.clock import FixedClock
from tests.porting.conftest import MakeShop
from tests.porting.shopper import NUMBER, PORTABILITY, PortingShopper
from tests.porting.systems import Systems

LIMITED = ("RATE_LIMITED", None, True)
OTHER = "+4915112345679"


async def test_a_code_is_not_guessed(shop: MakeShop, systems: Systems, clock: FixedClock, redis_url: str) -> None:
    """Corrections and requests of all carts count towards their number; another number can be asked for."""
    async with shop(clock=clock, redis_url=redis_url, porting_tries=3) as shopper:
        port_in = (await (await shopper.begin()).port(authorisationCode="0000"))["portIn"]
        assert port_in["status"] == "REJECTED"
        for _ in range(2):
            assert (await shopper.correct(port_in["id"], authorisationCode="0000"))["errors"] == []
        systems.control.reset_calls()
        (error,) = (await shopper.correct(port_in["id"], authorisationCode="1234"))["errors"]
        assert (error["code"], error["retryable"]) == ("RATE_LIMITED", True)
        stranger = await PortingShopper(shopper.client).begin()
        assert await stranger.refused() == LIMITED
        assert not [call for call in systems.calls() if "PORTING" in call]
        assert (await stranger.port(msisdn=OTHER))["portIn"]["status"] == "REQUESTED"
        clock.advance(3_601)
        payload = await shopper.correct(port_in["id"], authorisationCode="1234")
        assert (payload["portIn"]["status"], payload["errors"]) == ("REQUESTED", [])


async def test_the_same_key_counts_once(shop: MakeShop, systems: Systems, redis_url: str) -> None:
    async with shop(redis_url=redis_url, porting_tries=1) as shopper:
        await shopper.begin()
        key = str(uuid.uuid4())
        first = await shopper.port(key=key)
        assert await shopper.port(key=key) == first


async def test_numbers_are_not_counted_out(shop: MakeShop, systems: Systems, redis_url: str) -> None:
    """Whatever is asked of the provider counts towards the address."""
    async with shop(redis_url=redis_url, porting_by_address=2) as shopper:
        await (await shopper.begin()).port()
        await shopper.client.data(PORTABILITY, msisdn=NUMBER)
        systems.control.reset_calls()
        answer = await shopper.client.query(PORTABILITY, msisdn=OTHER)
        assert (answer.data["portability"], answer.codes) == (None, ["RATE_LIMITED"])
        assert await (await PortingShopper(shopper.client).begin()).refused(msisdn=OTHER) == LIMITED
        assert systems.calls().count("GET PORTING.portability") == 0
