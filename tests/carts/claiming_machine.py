"""Histories in which people sign in and claim guests' carts, alone and at once, over and over, well or interrupted.

Whether a claim that nobody heard of has come about is seen in the database, at the moment at which it does. The model
then says whether it may, and what the carts hold by it.
"""

from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from domain.carts.claiming import MergeMode
from domain.carts.keeper import UNKNOWN
from domain.carts.outcome import CartOutcome
from kernel.context import Principal
from kernel.errors import GatewayError
from kernel.outcomes import ErrorCode
from tests.carts.cart_model import CartModel
from tests.carts.estate import DAY
from tests.carts.fate import Killed, Life
from tests.carts.ground import FATES, PROCESSES, STEP, STEPS, WHICH, Made, check_seen
from tests.carts.machine import Machine

CALLERS = st.sampled_from(["ada", "ada", "bob"])
MODES = st.sampled_from([MergeMode.MERGE, MergeMode.MERGE, MergeMode.USE_GUEST, MergeMode.KEEP_EXISTING])


@dataclass(eq=False)
class Claim:
    """What somebody asked under one key. `unsure`: it was left open once; `refused`: it was not, and did nothing.

    `cart`: which cart it made theirs, or left theirs; `replaced`: which of theirs ended for it.
    """

    caller: str
    key: str
    guest: CartModel
    mode: MergeMode
    asked_at: float
    unsure: bool = False
    refused: bool = False
    cart: CartModel | None = None
    replaced: CartModel | None = None


@dataclass
class Dropped:
    """A guest's cart that ended and is in no other, and by which claims that may be."""

    guest: CartModel
    by: list[Claim] = field(default_factory=list)


class ClaimingMachine(Machine):
    def __init__(self, estate: Any) -> None:
        super().__init__(estate)
        self.claims: list[Claim] = []
        self.dropped: list[Dropped] = []

    # ------------------------------------------------------------ who signs in

    @initialize(ada=st.booleans(), bob=st.booleans())
    def some_have_a_cart(self, ada: bool, bob: bool) -> None:
        for caller in ["ada"] * ada + ["bob"] * bob:
            self.create_as(0, caller, None)

    @rule(process=PROCESSES, caller=CALLERS, dies_at=STEPS)
    def create_as(self, process: int, caller: str, dies_at: int | None) -> None:
        self.create_for(process, *self.another(caller), Life(dies_at))

    def create_for(self, process: int, key: str, made: Made, life: Life) -> None:
        """Who dies may have made it, so that its owner has it although nobody told them."""
        super().create_for(process, key, made, life)
        if made.cart is None and made.caller is not None:
            known = {cart.id for cart in self.carts}
            for row in self.kept.values():
                if row.owner == made.caller and row.upstream_id is not None and row.id not in known:
                    made.cart = CartModel(row.id, None, self.foreign(row.id), owner=made.caller)

    @rule(process=PROCESSES, caller=CALLERS, which=WHICH, mode=MODES)
    def claim(self, process: int, caller: str, which: int, mode: MergeMode) -> None:
        self._claim(process, self._asks(caller, which, mode), Life())

    @rule(process=PROCESSES, caller=CALLERS, which=WHICH, mode=MODES, step=STEPS, fates=FATES)
    def claim_on_a_bad_day(
        self, process: int, caller: str, which: int, mode: MergeMode, step: int | None, fates: list[str]
    ) -> None:
        self.system.fates.extend(fates)
        self._claim(process, self._asks(caller, which, mode), Life(dies_at=step))

    @rule(process=PROCESSES, caller=CALLERS, which=WHICH, mode=MODES, step=STEP)
    def claim_and_die(self, process: int, caller: str, which: int, mode: MergeMode, step: int) -> None:
        self._claim(process, self._asks(caller, which, mode), Life(dies_at=step))

    @rule(process=PROCESSES, caller=CALLERS, which=WHICH, mode=MODES, step=STEP, fates=FATES)
    def claim_and_fall_asleep(
        self, process: int, caller: str, which: int, mode: MergeMode, step: int, fates: list[str]
    ) -> None:
        self.system.fates.extend(fates)
        self._claim(process, self._asks(caller, which, mode), self.falls_asleep(step))

    @rule(process=PROCESSES, one=STEP, other=STEP, which=WHICH, modes=st.tuples(MODES, MODES))
    def two_claim_at_once(
        self, process: int, one: int, other: int, which: int, modes: tuple[MergeMode, MergeMode]
    ) -> None:
        """As far as so many may sleep at once; the rest of both comes when they wake."""
        claims = [self._asks(caller, which, mode) for caller, mode in zip(("ada", "bob"), modes, strict=True)]
        for claim, step in zip(claims, (one, other), strict=True):
            self._claim(process, claim, self.falls_asleep(step))

    @rule(process=PROCESSES, which=WHICH, dies_at=STEPS)
    def claim_again(self, process: int, which: int, dies_at: int | None) -> None:
        if self.claims:
            self._claim(process, self.claims[-1 - which % min(len(self.claims), 4)], Life(dies_at))

    @rule(process=PROCESSES, which=WHICH, step=STEP)
    def claim_again_and_fall_asleep(self, process: int, which: int, step: int) -> None:
        if self.claims:
            self._claim(process, self.claims[-1 - which % min(len(self.claims), 4)], self.falls_asleep(step))

    @rule(process=PROCESSES, step=STEP)
    def sweep_and_fall_asleep(self, process: int, step: int) -> None:
        def told(outcome: Any, _: bool) -> None:
            assert not isinstance(outcome, BaseException), repr(outcome)

        process = self.awake(process)
        self.start(process, self.falls_asleep(step), self.estate.sweepers[process].sweep(), told)

    @rule(process=PROCESSES, which=WHICH, caller=CALLERS)
    def try_the_guest_s_token(self, process: int, which: int, caller: str) -> None:
        """Once its cart was claimed it opens nothing, not even for who would claim it."""
        claimed = [cart for cart in self.carts if cart.token is not None and not cart.is_for(None)]
        if claimed:
            cart, process = claimed[which % len(claimed)], self.awake(process)
            self.refuse_token(process, cart.token, cart)
            claim = Claim(caller, f"c-{self.estate.number()}", cart, MergeMode.MERGE, self.clock.now())
            outcome = self.run(self._claiming(process, claim))
            assert outcome.errors
            assert outcome.cart is None

    @rule(process=PROCESSES, which=WHICH)
    def look_into_another_s_cart(self, process: int, which: int) -> None:
        cart, process = self.cart_of(which), self.awake(process)
        for caller in {"ada", "bob"} - {cart.owner}:
            assert self.run(self.reading(process, cart, Principal(id=caller))) is None

    # ------------------------------------------------------------ how it is asked

    def _asks(self, caller: str, which: int, mode: MergeMode) -> Claim:
        guests = [cart for cart in self.carts if cart.is_for(None)]
        guests = guests or [cart for cart in self.carts if cart.token is not None]
        claim = Claim(caller, f"c-{self.estate.number()}", guests[which % len(guests)], mode, self.clock.now())
        self.claims.append(claim)
        return claim

    async def _claiming(self, process: int, claim: Claim) -> CartOutcome:
        ctx, _ = self.context(process, Principal(id=claim.caller))
        return await self.estate.carts(process).claim(ctx, claim.key, str(claim.guest.token), claim.mode)

    def _claim(self, process: int, claim: Claim, life: Life) -> None:
        process, claim.refused = self.awake(process), False
        had, before = self._has_one(claim.caller), claim.cart

        def told(outcome: Any, is_now: bool) -> None:
            self._claimed(claim, outcome, is_now=is_now)
            if is_now and before is None and claim.cart is claim.guest and had:
                instead = claim.mode is MergeMode.USE_GUEST and claim.replaced is not None
                assert instead, f"the cart that {claim.caller} had was passed over"

        if self.start(process, life, self._claiming(process, claim), told):
            claim.unsure = True

    def _claimed(self, claim: Claim, outcome: Any, *, is_now: bool) -> None:
        if not isinstance(outcome, CartOutcome):
            assert isinstance(outcome, Killed | GatewayError), repr(outcome)
            claim.unsure = True
            return
        codes = [error.code for error in outcome.errors]
        if not codes:
            self._acknowledges(claim, outcome, is_now=is_now)
        elif UNKNOWN in outcome.errors:
            claim.unsure = True
        elif ErrorCode.IN_PROGRESS not in codes:
            claim.refused = not claim.unsure
            if is_now and self.clock.now() - claim.asked_at < DAY:  # its key is remembered
                assert claim.cart is None, "what was done is refused"
            if is_now and ErrorCode.NOT_FOUND in codes:
                assert not self._opens(claim.guest), "its token opens a cart, and is said to open none"

    def _acknowledges(self, claim: Claim, outcome: CartOutcome, *, is_now: bool) -> None:
        assert outcome.cart is not None
        told = next(cart for cart in self.carts if cart.id == outcome.cart.id)
        if claim.cart is None:  # a guest's cart that was dropped tells not by whom
            by = next((each.by for each in self.dropped if claim in each.by), None)
            assert by is not None, f"{claim} is acknowledged and not done"
            by[:] = [claim]
            claim.cart = told
        assert told is claim.cart, "another cart than the claimed one is told"
        check_seen(told, claim.caller, outcome.cart)
        if is_now:
            self.shown(told, outcome.cart)

    # ------------------------------------------------------------ what came of it

    def look(self) -> None:
        """See which claims have come about, and which carts have ended for them."""
        carts = {cart.id: cart for cart in self.carts if cart.id in self.kept}
        came = [
            self._came_about(carts[entry.cart_id], entry.version, entry.key)
            for entry in self.claimed
            if entry.version not in carts[entry.cart_id].claimed
        ]
        for cart in carts.values():
            row = self.kept[cart.id]
            assert row.owner == cart.owner, f"it is {row.owner}'s, and nobody gave it to them"
            assert cart.ended or row.state != "MERGED" or self._may_end(cart, came), (
                "it ended, and nobody asked for that"
            )

    def _came_about(self, cart: CartModel, version: int, key: str) -> Claim:
        claim = next(claim for claim in self.claims if claim.key == key)
        assert claim.cart is None, f"{claim} came about twice"
        assert not claim.refused, f"{claim} is refused and done"
        claim.cart = cart
        if cart is claim.guest:
            cart.taken(version, claim.caller)
            return claim
        guest = self.kept[claim.guest.id]
        assert (cart.owner, claim.mode) == (claim.caller, MergeMode.MERGE)
        assert claim.guest.owner is None, f"it is in a cart and {claim.guest.owner}'s"
        assert guest.state == "MERGED", "its lines are in a cart, and it goes on"
        assert self.kept[cart.id].expires_at > self.clock.now(), "it was merged into a cart that was over"
        claim.guest.end()
        cart.merged(version, claim.guest, guest.version)
        return claim

    def _may_end(self, cart: CartModel, came: list[Claim]) -> bool:
        """Take note that a cart has ended for another, if any claim can have done that.

        An owner's ends by one that has just come about: an earlier one may have found no cart to end.
        """
        cart.end()
        if cart.owner is None:
            may = [claim for claim in self.claims if claim.cart is None and not claim.refused]
            keep = [claim for claim in may if claim.guest is cart and claim.mode is MergeMode.KEEP_EXISTING]
            self.dropped.append(Dropped(cart, keep))
            return bool(keep)
        for claim in came:
            took = claim.cart is claim.guest and claim.mode is MergeMode.USE_GUEST and claim.replaced is None
            if took and claim.caller == cart.owner:
                claim.replaced = cart
                return True
        return False

    def _opens(self, guest: CartModel) -> bool:
        row = self.row(guest)
        return row is not None and guest.is_for(None) and not guest.over and row.expires_at > self.clock.now()

    def _has_one(self, caller: str) -> bool:
        """Whether somebody has a cart that can be changed."""
        kept = [self.row(cart) for cart in self.carts if cart.owner == caller]
        alive = [row for row in kept if row is not None and row.expires_at > self.clock.now()]
        return any((row.state, row.upstream_id is None) == ("ACTIVE", False) for row in alive)

    def teardown(self) -> None:
        super().teardown()
        self.done(self.estate.sweepers[0].sweep(), Life())  # the one before may have settled what ends a cart
        for row in self.kept.values():
            assert row.state != "LOCKED", "nobody merges it any more, and it is locked"
            assert row.intent is None
            assert row.state not in ("MERGED", "EXPIRED") or row.upstream_id not in self.system.carts, row.id
