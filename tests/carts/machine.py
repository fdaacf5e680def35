"""Any history of shoppers, tabs, repeated requests, dying and sleeping processes and a treacherous cart system.

Gateways over one database and one cart system, against `cart_model`. Time is the test's own, so holds and carts
run out when it says so. `EXAMPLES=5000` looks for longer, and then for the shortest history that goes wrong.
"""

import dataclasses
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from domain.carts.keeper import UNKNOWN
from domain.carts.model import Cart
from domain.carts.operations import AddLine, Operation, RemoveLine, Request, SetContact, UpdateLine
from domain.carts.outcome import CartOutcome
from domain.identity.contact import Contact
from kernel.context import Principal, Segment
from kernel.errors import GatewayError
from kernel.outcomes import ErrorCode
from tests.carts.cart_model import CartModel, Change
from tests.carts.estate import DAY, HOLD
from tests.carts.fate import Killed, Life
from tests.carts.ground import (
    DUMB,
    FATES,
    PROCESSES,
    STEP,
    STEPS,
    WHICH,
    Ground,
    Made,
    check_seen,
    principal_of,
    view_of,
)

OFFERINGS = ("po-mobile-s", "po-mobile-m", "po-mobile-l", "po-mobile-xl")
FOREIGN = "po-flex-m"
"""Of which only others put lines into carts, and more than one line of ours can hold."""

OPERATIONS = st.one_of(
    st.lists(st.sampled_from(["add", "add", "change", "remove", "contact"]), min_size=1, max_size=3),
    st.sampled_from([["add"], ["add"], ["contact"], ["remove"], ["add", "too few"], ["add", "nobody's line"]]),
)


@dataclass
class Asked:
    """A request for a change, when it came, and whether the change had been acknowledged by then."""

    cart: CartModel
    change: Change
    at: float
    acknowledged: bool

    @property
    def is_forgotten(self) -> bool:
        """Whether its key was too old by then to be remembered."""
        return self.at - self.change.asked_at >= DAY


class Machine(Ground):
    numbers = 0

    def number(self) -> int:
        """Another at each call, so small that some lines of them are no more than one line can hold."""
        self.numbers += 1
        return self.numbers % 200 + 1

    # ------------------------------------------------------------ shoppers

    @rule(process=PROCESSES, again=st.booleans(), which=WHICH, dies_at=STEPS)
    def create(self, process: int, again: bool, which: int, dies_at: int | None) -> None:
        known = [
            (key, made)
            for key, made in self.made.items()
            if self.clock.now() - made.asked_at < DAY - 1  # older ones are forgotten
        ]
        if again and known:
            self.create_for(process, *known[which % len(known)], Life(dies_at))
        else:
            self.create_for(process, *self.another(None), Life(dies_at))

    def another(self, caller: str | None) -> tuple[str, Made]:
        return f"create-{self.estate.number()}", Made(caller, self.clock.now())

    def create_for(self, process: int, key: str, made: Made, life: Life) -> None:
        process, known = self.awake(process), made.cart
        self.made.setdefault(key, made)

        async def create() -> CartOutcome:
            ctx, _ = self.context(process, Principal(id=made.caller))
            return await self.estate.carts(process).create(ctx, key, Segment.B2C, None)

        outcome = self.done(create(), life)
        if outcome is None or outcome.errors:
            assert known is None or outcome is None or known.over or not known.is_for(made.caller)
            return
        assert outcome.cart is not None
        if known is None:
            assert (outcome.cart.version, outcome.cart.lines) == (1, ())
            assert (outcome.token is None) == (made.caller is not None)
            made.cart = CartModel(outcome.cart.id, outcome.token, self.foreign(outcome.cart.id), owner=made.caller)
        else:
            assert (outcome.cart.id, outcome.token) == (known.id, known.token)
            check_seen(known, made.caller, outcome.cart)
            self.shown(known, outcome.cart)

    @initialize()
    def two_shoppers(self) -> None:
        for _ in range(2):
            self.create(0, False, 0, None)

    @rule(process=PROCESSES, which=WHICH, wanted=OPERATIONS, line=WHICH)
    def change(self, process: int, which: int, wanted: list[str], line: int) -> None:
        self._change(process, which, 0, wanted, line, Life())

    @rule(process=PROCESSES, which=WHICH, tab=st.integers(1, 2), wanted=OPERATIONS, line=WHICH)
    def change_from_an_old_tab(self, process: int, which: int, tab: int, wanted: list[str], line: int) -> None:
        self._change(process, which, tab, wanted, line, Life())

    @rule(process=PROCESSES, which=WHICH, wanted=OPERATIONS, line=WHICH, fates=FATES, dumb=DUMB)
    def change_on_a_bad_day(
        self, process: int, which: int, wanted: list[str], line: int, fates: list[str], dumb: int
    ) -> None:
        self.cart_system_turns(fates, dumb)
        self._change(process, which, 0, wanted, line, Life())

    @rule(process=PROCESSES, which=WHICH, wanted=OPERATIONS, line=WHICH, step=STEP, fates=FATES)
    def change_and_die(
        self, process: int, which: int, wanted: list[str], line: int, step: int, fates: list[str]
    ) -> None:
        self.system.fates.extend(fates)
        self._change(process, which, 0, wanted, line, Life(dies_at=step))

    @rule(process=PROCESSES, which=WHICH, wanted=OPERATIONS, line=WHICH, step=STEP, fates=FATES)
    def change_and_fall_asleep(
        self, process: int, which: int, wanted: list[str], line: int, step: int, fates: list[str]
    ) -> None:
        self.system.fates.extend(fates)
        self._change(process, which, 0, wanted, line, self.falls_asleep(step))

    @rule(process=PROCESSES, which=WHICH, earlier=WHICH, other_body=st.booleans(), dies_at=STEPS)
    def ask_again(self, process: int, which: int, earlier: int, other_body: bool, dies_at: int | None) -> None:
        changed = [cart for cart in self.carts if cart.changes]
        if not changed:
            return
        cart = changed[which % len(changed)]
        change = cart.changes[-1 - earlier % min(len(cart.changes), 4)]
        if other_body:
            self._ask_otherwise(process, cart, change)
        else:
            self._update(process, cart, change, change.body, Life(dies_at))

    @rule(process=PROCESSES, which=WHICH, dies_at=STEPS)
    def read(self, process: int, which: int, dies_at: int | None) -> None:
        self._read(process, self.cart_of(which), Life(dies_at))

    @rule(process=PROCESSES, which=WHICH, step=STEP)
    def read_and_fall_asleep(self, process: int, which: int, step: int) -> None:
        cart, process = self.cart_of(which), self.awake(process)
        caller, life = cart.owner, self.falls_asleep(step)

        def told(found: Any, is_now: bool) -> None:
            assert not isinstance(found, BaseException), repr(found)
            if is_now:
                self._found(cart, found, life)
            elif found is not None:
                check_seen(cart, caller, found)
                cart.was_shown(view_of(found))

        self.start(process, life, self.reading(process, cart, principal_of(cart, cart.owner)), told)

    @rule(process=PROCESSES, one=WHICH, other=WHICH)
    def try_a_foreign_token(self, process: int, one: int, other: int) -> None:
        mine, theirs = self.cart_of(one), self.cart_of(other)
        if mine is not theirs and mine.token is not None:
            self.refuse_token(self.awake(process), mine.token, theirs)
            self.refuse_token(self.awake(process), None, theirs)

    def refuse_token(self, process: int, token: str | None, cart: CartModel) -> None:
        """A token that does not open a cart."""
        change = Change(None, f"u-{self.estate.number()}", cart.latest, (), (), self.clock.now())

        async def intrude() -> tuple[Cart | None, CartOutcome]:
            principal = Principal(cart_token=token)
            ctx, _ = self.context(process, principal)
            read = await self.estate.carts(process).cart(ctx, cart.id)
            return read, await self._request(process, cart, change, (_add(0, 1),), principal)

        read, outcome = self.run(intrude())
        assert read is None
        assert outcome.cart is None
        assert [error.code for error in outcome.errors] == [ErrorCode.NOT_FOUND]

    # ------------------------------------------------------------ bad days

    @rule(fates=FATES, dumb=DUMB)
    def cart_system_turns(self, fates: list[str], dumb: int) -> None:
        self.system.fates.extend(fates)
        self.system.dumb = dumb

    @rule(sparse=st.booleans(), other_ids=st.booleans(), etags=st.booleans())
    def cart_system_is_another(self, sparse: bool, other_ids: bool, etags: bool) -> None:
        self.system.sparse, self.system.other_ids, self.system.etags = sparse, other_ids, etags

    @rule()
    def late_writes_come(self) -> None:
        self.system.apply_late()

    @rule(which=WHICH)
    def somebody_changes_the_cart_upstream(self, which: int) -> None:
        cart = self.cart_of(which)
        row = self.row(cart)
        if self.asleep or self.system.late:
            return
        if row is not None and row.intent is None and row.upstream_id in self.system.carts and not cart.open:
            self.system.edit(row.upstream_id, 2_000 + self.estate.number(), FOREIGN)

    @rule()
    def cart_system_recovers(self) -> None:
        self.system.heal()

    @rule(seconds=st.sampled_from([10.0, HOLD + 1, HOLD + 1, HOLD + 1, 1_000.0, 1_000.0, DAY + 1, 8 * DAY]))
    def time_passes(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule(process=PROCESSES, dies_at=STEPS)
    def sweep(self, process: int, dies_at: int | None) -> None:
        self.done(self.estate.sweepers[self.awake(process)].sweep(), Life(dies_at))

    # ------------------------------------------------------------ what must hold

    @invariant()
    def what_is_settled_is_settled(self) -> None:
        for cart in self.carts:
            row = self.row(cart)
            if row is not None and row.intent is None:
                cart.settled(row.version)

    def teardown(self) -> None:
        """Everything heals; then everybody sees the same, and the cart system keeps it."""
        while self.asleep:
            self.process_wakes(0)
        self.system.heal()
        self.system.apply_late()
        self.clock.advance(HOLD + 10.0)
        self.done(self.estate.sweepers[0].sweep(), Life())
        for cart in self.carts:
            for process in (0, 1):
                found = self._read(process, cart, Life())
                assert found is None or not found.stale

    # ------------------------------------------------------------ how it is asked

    def _change(self, process: int, which: int, tab: int, wanted: list[str], line: int, life: Life) -> None:
        cart = self.cart_of(which)
        operations, change = self._asked(cart, tab, wanted, line)
        self._update(process, cart, change, operations, life)

    def _asked(self, cart: CartModel, tab: int, wanted: list[str], line: int) -> tuple[tuple[Operation, ...], Change]:
        """Operations on what a tab shows, and what the cart would hold then; nothing else, where they are refused."""
        view = cart.views[-1 - min(tab, len(cart.views) - 1)]
        held = dict(view.lines)
        operations: list[Operation] = []
        for each in wanted:
            ids = [known for known in held if known in view.lines]
            others = [each for each in OFFERINGS if each not in dict(held.values())]
            number = self.number()
            if others and (each == "add" or (each in ("change", "remove") and not ids)):
                offering = others[line % len(others)]
                operations.append(_add(number, OFFERINGS.index(offering)))
                held[f"new {number} {len(operations)}"] = offering, number
            elif each == "remove" and ids:
                operations.append(RemoveLine((), ids[line % len(ids)]))
                del held[ids[line % len(ids)]]
            elif each in ("change", "add") and ids:
                operations.append(UpdateLine((), ids[line % len(ids)], quantity=number))
                held[ids[line % len(ids)]] = held[ids[line % len(ids)]][0], number
            elif each in ("too few", "nobody's line"):
                operations.append(_add(0, 0) if each == "too few" else RemoveLine((), "l-nobody-has"))
                held["never"] = "", -number
            else:
                operations.append(SetContact((), Contact(reminder_consent=True, email=f"a{number}@example.com")))
        body = tuple(operations)
        wanted_then = tuple(sorted(held.values()))
        key, now = f"u-{self.estate.number()}", self.clock.now()
        change = Change(cart.owner, key, view.version, wanted_then, body, now)
        cart.changes.append(change)
        return body, change

    async def _request(
        self, process: int, cart: CartModel, change: Change, operations: Any, principal: Principal
    ) -> CartOutcome:
        ctx, offers = self.context(process, principal)
        request = Request(change.key, cart.id, change.base, operations)
        return await self.estate.carts(process).update(ctx, offers, request)

    def _update(self, process: int, cart: CartModel, change: Change, operations: Any, life: Life) -> None:
        process = self.awake(process)
        asked = Asked(cart, change, self.clock.now(), change.acknowledged)

        def told(outcome: Any, is_now: bool) -> None:
            self._answered(asked, outcome, showing=is_now)

        work = self._request(process, cart, change, operations, principal_of(cart, change.caller))
        if self.start(process, life, work, told):
            cart.left_open(change)

    def _ask_otherwise(self, process: int, cart: CartModel, change: Change) -> None:
        process = self.awake(process)
        other = dataclasses.replace(change, wanted=(*change.wanted, ("", -1)), body=())
        work = self._request(process, cart, other, (_add(0, 0),), principal_of(cart, change.caller))
        outcome = self.run(work)
        assert outcome.errors
        recent = change.acknowledged and self.clock.now() - change.asked_at < DAY
        if recent and self.row(cart) is not None and cart.is_for(change.caller):
            assert [error.code for error in outcome.errors] == [ErrorCode.IDEMPOTENCY_MISMATCH]

    def _answered(self, asked: Asked, outcome: Any, *, showing: bool) -> None:
        """What an answer means. `showing`: whether the cart in it is of now."""
        cart, change = asked.cart, asked.change
        if isinstance(outcome, CartOutcome):
            check_seen(cart, change.caller, outcome.cart)
        if _is_acknowledged(outcome):
            self._acknowledged(asked)
        elif not isinstance(outcome, CartOutcome):
            assert isinstance(outcome, Killed | GatewayError), repr(outcome)
            cart.left_open(change)
            return
        elif UNKNOWN in outcome.errors:
            cart.left_open(change)
        elif ErrorCode.IN_PROGRESS not in [error.code for error in outcome.errors]:
            self._refused(asked)
        if showing and outcome.cart is not None:
            self.shown(cart, outcome.cart)

    def _acknowledged(self, asked: Asked) -> None:
        change = asked.change
        assert -1 not in [-1 for _, quantity in change.wanted if quantity < 0], "what could not be was acknowledged"
        if not change.acknowledged:
            asked.cart.acknowledged(change)

    def _refused(self, asked: Asked) -> None:
        """Which says nothing of another request with that key, that came later and was sooner, nor of a cart that is
        somebody else's by now.
        """
        overtaken = not asked.acknowledged and asked.change.acknowledged
        if overtaken or asked.is_forgotten or not asked.cart.is_for(asked.change.caller):
            return
        if self.row(asked.cart) is not None:
            asked.cart.refused(asked.change)

    async def reading(self, process: int, cart: CartModel, principal: Principal) -> Cart | None:
        ctx, _ = self.context(process, principal)
        return await self.estate.carts(process).cart(ctx, cart.id)

    def _read(self, process: int, cart: CartModel, life: Life) -> Cart | None:
        process = self.awake(process)
        found: Cart | None = self.done(self.reading(process, cart, principal_of(cart, cart.owner)), life)
        return self._found(cart, found, life)

    def _found(self, cart: CartModel, found: Cart | None, life: Life) -> Cart | None:
        row = self.row(cart)
        if found is None:
            unreadable = life.dies_at is not None or row is None or not cart.is_for(cart.owner)
            assert unreadable, "a cart cannot be read any more"
            return None
        self.shown(cart, found)
        at_rest = row is not None and row.holder is None and row.intent is None
        # one that is locked is shown as it was when its merge began
        if row is not None and at_rest and row.state != "LOCKED" and not found.stale and not cart.over:
            assert cart.history[cart.latest] == self.system.contents(str(row.upstream_id))
        return found

    def shown(self, cart: CartModel, found: Cart) -> None:
        assert found.id == cart.id
        cart.shown(view_of(found), over=found.is_over)

    def foreign(self, cart_id: str) -> Any:
        def foreign() -> Any:
            return self.system.own.get(cart_id, set())

        return foreign


def _add(quantity: int, offering: int) -> AddLine:
    return AddLine(("input",), OFFERINGS[offering], quantity)


def _is_acknowledged(outcome: Any) -> bool:
    return isinstance(outcome, CartOutcome) and not outcome.errors
