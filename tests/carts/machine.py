"""Any history of shoppers, tabs, repeated requests, dying and sleeping processes and a treacherous cart system.

Two gateways over one database and one cart system, against `cart_model`. Time is the test's own, so holds and carts
run out when it says so. `EXAMPLES=5000` looks for longer, and then for the shortest history that goes wrong.
"""

import asyncio
import dataclasses
import os
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from domain.carts.keeper import UNKNOWN
from domain.carts.model import Cart, CartState
from domain.carts.offers import Offers
from domain.carts.operations import AddLine, Operation, RemoveLine, Request, SetContact, UpdateLine
from domain.carts.outcome import CartOutcome
from domain.identity.contact import Contact
from kernel.context import Deadline, Principal, RequestContext, Segment
from kernel.errors import GatewayError
from kernel.outcomes import ErrorCode
from tests.carts.cart_model import CartModel, Change, View
from tests.carts.cart_system import FATES as FATES_OF_A_WRITE
from tests.carts.estate import AUDIENCE, DAY, HOLD, Estate
from tests.carts.fate import Killed, Life, live

EXAMPLES = int(os.environ.get("EXAMPLES", "50"))
LONG = EXAMPLES > 50
OFFERINGS = ("po-mobile-s", "po-mobile-m")

PROCESSES = st.integers(0, 1)
WHICH = st.integers(0, 99)
STEP = st.integers(1, 14)
STEPS = st.sampled_from([None] * 14 + list(range(1, 15)))
DUMB = st.sampled_from([0, 0, 0, 1, 2])
OPERATIONS = st.one_of(
    st.lists(st.sampled_from(["add", "add", "change", "remove", "contact"]), min_size=1, max_size=3),
    st.sampled_from([["add"], ["add"], ["contact"], ["remove"], ["add", "too few"], ["add", "nobody's line"]]),
)
FATES = st.lists(st.sampled_from(["kept", *FATES_OF_A_WRITE]), max_size=3)


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


@dataclass
class Asleep:
    """A process that sleeps in the middle of a request."""

    life: Life
    task: "asyncio.Task[Any]"
    asked: Asked


class Machine(RuleBasedStateMachine):
    def __init__(self, estate: Estate) -> None:
        super().__init__()
        self.estate, self.system, self.clock = estate, estate.system, estate.clock
        self.made: dict[str, CartModel | None] = {}
        self.asked_at: dict[str, float] = {}
        self.asleep: dict[int, Asleep] = {}
        self.system.heal()
        self.system.late.clear()
        self.system.sparse = self.system.other_ids = self.system.etags = False
        self.clock.advance(10.0)  # circuits that opened in another history close

    # ------------------------------------------------------------ who does what

    @property
    def carts(self) -> list[CartModel]:
        return [cart for cart in self.made.values() if cart is not None]

    def _cart(self, which: int) -> CartModel:
        return self.carts[which % len(self.carts)]

    def _awake(self, process: int) -> int:
        return process if process not in self.asleep else 1 - process

    def _context(self, process: int, token: str | None) -> tuple[RequestContext, Offers]:
        ctx = RequestContext(AUDIENCE, Deadline.after(3_600), Principal(cart_token=token))
        return ctx, Offers(self.estate.processes[process].catalog, "en")

    # ------------------------------------------------------------ shoppers

    @rule(process=PROCESSES, again=st.booleans(), which=WHICH, dies_at=STEPS)
    def create(self, process: int, again: bool, which: int, dies_at: int | None) -> None:
        process = self._awake(process)
        keys = [each for each, at in self.asked_at.items() if self.clock.now() - at < DAY - 1]  # older are forgotten
        key = keys[which % len(keys)] if again and keys else f"create-{self.estate.number()}"
        known = self.made.setdefault(key, None)
        self.asked_at.setdefault(key, self.clock.now())

        async def create() -> CartOutcome:
            ctx, _ = self._context(process, None)
            return await self.estate.carts(process).create(ctx, key, Segment.B2C, None)

        outcome = self._done(create(), Life(dies_at=dies_at))
        if outcome is None or outcome.errors:
            assert known is None or outcome is None or known.over
            return
        assert outcome.cart is not None
        assert outcome.token is not None
        if known is None:
            assert (outcome.cart.version, outcome.cart.lines) == (1, ())
            foreign = self._foreign(outcome.cart.id)
            expires = self.clock.now() + 14 * DAY
            self.made[key] = CartModel(outcome.cart.id, outcome.token, foreign, expires)
        else:
            assert (outcome.cart.id, outcome.token) == (known.id, known.token)
            self._shown(known, outcome.cart)

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
        self.system.fates.extend(fates)
        self.system.dumb = dumb
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
        self._change(process, which, 0, wanted, line, Life(sleeps_at=None if self.asleep else step))

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
        cart = self._cart(which)
        self._read(self._awake(process), cart, Life(dies_at))

    @rule(process=PROCESSES, one=WHICH, other=WHICH)
    def try_a_foreign_token(self, process: int, one: int, other: int) -> None:
        process = self._awake(process)
        mine, theirs = self._cart(one), self._cart(other)
        if mine is theirs:
            return
        change = Change(f"u-{self.estate.number()}", theirs.latest, (), (), self.clock.now())
        operations = (_add(1),)

        async def intrude() -> tuple[Any, Any, Any]:
            ctx, _ = self._context(process, mine.token)
            nobody, _ = self._context(process, None)
            carts = self.estate.carts(process)
            read = await carts.cart(ctx, theirs.id), await carts.cart(nobody, theirs.id)
            return *read, await self._request(process, theirs, change, operations, token=mine.token)

        by_other, by_nobody, outcome = self.estate.runner.run(intrude())
        assert by_other is None
        assert by_nobody is None
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
        cart = self._cart(which)
        row = self._row(cart)
        if self.asleep or self.system.late:
            return
        if row is not None and row.intent is None and row.upstream_id in self.system.carts and not cart.open:
            self.system.edit(row.upstream_id, 2_000 + self.estate.number(), OFFERINGS[0])

    @rule()
    def cart_system_recovers(self) -> None:
        self.system.heal()

    @rule(process=PROCESSES)
    def process_wakes(self, process: int) -> None:
        process = process if process in self.asleep else 1 - process
        if not self.asleep:
            return
        sleeper = self.asleep.pop(process)
        sleeper.life.awake.set()

        async def outcome() -> Any:
            return (await asyncio.gather(sleeper.task, return_exceptions=True))[0]

        self._answered(sleeper.asked, self.estate.runner.run(outcome()), showing=False)

    @rule(seconds=st.sampled_from([10.0, HOLD + 1, HOLD + 1, HOLD + 1, 1_000.0, 1_000.0, DAY + 1, 8 * DAY]))
    def time_passes(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule(process=PROCESSES, dies_at=STEPS)
    def sweep(self, process: int, dies_at: int | None) -> None:
        process = self._awake(process)
        self._done(self.estate.sweepers[process].sweep(), Life(dies_at=dies_at))

    # ------------------------------------------------------------ what must hold

    @invariant()
    def what_is_settled_is_settled(self) -> None:
        for cart in self.carts:
            row = self._row(cart)
            if row is not None and row.intent is None:
                cart.settled(row.version)

    def teardown(self) -> None:
        """Everything heals; then everybody sees the same, and the cart system keeps it."""
        while self.asleep:
            self.process_wakes(0)
        self.system.heal()
        self.system.apply_late()
        self.clock.advance(HOLD + 10.0)
        self._done(self.estate.sweepers[0].sweep(), Life())
        for cart in self.carts:
            for process in (0, 1):
                found = self._read(process, cart, Life())
                assert found is None or not found.stale

    # ------------------------------------------------------------ how it is asked

    def _change(self, process: int, which: int, tab: int, wanted: list[str], line: int, life: Life) -> None:
        cart = self._cart(which)
        operations, change = self._asked(cart, tab, wanted, line)
        self._update(process, cart, change, operations, life)

    def _asked(self, cart: CartModel, tab: int, wanted: list[str], line: int) -> tuple[tuple[Operation, ...], Change]:
        """Operations on what a tab shows, and what the cart would hold then; nothing else, where they are refused."""
        view = cart.views[-1 - min(tab, len(cart.views) - 1)]
        held = dict(view.lines)
        operations: list[Operation] = []
        for each in wanted:
            ids = [known for known in held if known in view.lines]
            number = self.estate.number() % 999 + 1
            if each == "add" or (each in ("change", "remove") and not ids):
                operations.append(_add(number))
                held[f"new {number} {len(operations)}"] = number
            elif each == "change":
                operations.append(UpdateLine((), ids[line % len(ids)], quantity=number))
                held[ids[line % len(ids)]] = number
            elif each == "remove":
                operations.append(RemoveLine((), ids[line % len(ids)]))
                del held[ids[line % len(ids)]]
            elif each == "contact":
                operations.append(SetContact((), Contact(reminder_consent=True, email=f"a{number}@example.com")))
            else:
                operations.append(_add(0) if each == "too few" else RemoveLine((), "l-nobody-has"))
                held["never"] = -number
        body = tuple(operations)
        wanted_then = tuple(sorted(held.values()))
        change = Change(f"u-{self.estate.number()}", view.version, wanted_then, body, self.clock.now())
        cart.changes.append(change)
        return body, change

    async def _request(
        self, process: int, cart: CartModel, change: Change, operations: Any, *, token: str | None = None
    ) -> CartOutcome:
        ctx, offers = self._context(process, token or cart.token)
        request = Request(change.key, cart.id, change.base, operations)
        return await self.estate.carts(process).update(ctx, offers, request)

    def _update(self, process: int, cart: CartModel, change: Change, operations: Any, life: Life) -> None:
        process = self._awake(process)

        async def start() -> Any:
            task = await live(life, self._request(process, cart, change, operations))
            return task if not task.done() else (await asyncio.gather(task, return_exceptions=True))[0]

        asked = Asked(cart, change, self.clock.now(), change.acknowledged)
        outcome = self.estate.runner.run(start())
        if isinstance(outcome, asyncio.Task):
            self.asleep[process] = Asleep(life, outcome, asked)
            cart.left_open(change)
        else:
            self._answered(asked, outcome)

    def _ask_otherwise(self, process: int, cart: CartModel, change: Change) -> None:
        process = self._awake(process)
        other = dataclasses.replace(change, wanted=(*change.wanted, -1), body=())
        outcome = self.estate.runner.run(self._request(process, cart, other, (_add(0),)))
        assert outcome.errors
        recent = change.acknowledged and self.clock.now() - change.asked_at < DAY
        if recent and self._row(cart) is not None:
            assert [error.code for error in outcome.errors] == [ErrorCode.IDEMPOTENCY_MISMATCH]

    def _answered(self, asked: Asked, outcome: Any, *, showing: bool = True) -> None:
        """What an answer means. `showing`: whether the cart in it is of now."""
        cart, change = asked.cart, asked.change
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
            self._shown(cart, outcome.cart)

    def _acknowledged(self, asked: Asked) -> None:
        change = asked.change
        assert -1 not in [-1 for each in change.wanted if each < 0], "what could not be was acknowledged"
        if not change.acknowledged:
            asked.cart.acknowledged(change)

    def _refused(self, asked: Asked) -> None:
        """Which says nothing of another request with that key, that came later and was sooner."""
        overtaken = not asked.acknowledged and asked.change.acknowledged
        if not overtaken and not asked.is_forgotten and self._row(asked.cart) is not None:
            asked.cart.refused(asked.change)

    def _read(self, process: int, cart: CartModel, life: Life) -> Cart | None:
        async def read() -> Cart | None:
            ctx, _ = self._context(process, cart.token)
            return await self.estate.carts(process).cart(ctx, cart.id)

        found: Cart | None = self._done(read(), life)
        row = self._row(cart)
        if found is None:
            assert life.dies_at is not None or row is None, "a cart cannot be read any more"
            return None
        self._shown(cart, found)
        if row is not None and row.holder is None and row.intent is None and not found.stale and not cart.over:
            assert list(cart.history[cart.latest]) == self.system.quantities(str(row.upstream_id))
        return found

    def _shown(self, cart: CartModel, found: Cart) -> None:
        assert found.id == cart.id
        cart.shown(
            View(found.version, {line.id: line.quantity for line in found.lines}), over=found.state is CartState.EXPIRED
        )

    def _done(self, work: Any, life: Life) -> Any:
        """The outcome of what does not sleep; None where it died or could not be."""

        async def run() -> Any:
            return (await asyncio.gather(await live(life, work), return_exceptions=True))[0]

        outcome = self.estate.runner.run(run())
        if isinstance(outcome, BaseException):
            assert isinstance(outcome, Killed), repr(outcome)
            return None
        return outcome

    def _row(self, cart: CartModel) -> Any:
        return self.estate.runner.run(self.estate.carts(0).keeper.holds.row(cart.id))

    def _foreign(self, cart_id: str) -> Any:
        def foreign() -> Any:
            return self.system.own.get(cart_id, set())

        return foreign


def _add(quantity: int) -> AddLine:
    return AddLine(("input",), OFFERINGS[quantity % 2], quantity)


def _is_acknowledged(outcome: Any) -> bool:
    return isinstance(outcome, CartOutcome) and not outcome.errors
