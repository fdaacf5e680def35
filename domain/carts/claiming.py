"""A guest signs in: the guest's cart becomes the shopper's, by itself, instead of the one there was, or merged into it.

Merging is a change of the shopper's cart like any other: an intent, a PATCH, a version (docs/carts.md). The guest's
cart is locked by the transaction that begins it and ended by the one that makes the version; whoever settles a merge
that was interrupted ends or unlocks it in the same way. A token that opened a cart opens nothing afterwards.
"""

from dataclasses import dataclass

import msgspec

from domain.carts.access import name_of, token_hash
from domain.carts.keeper import BUSY, NOT_NOW, UNKNOWN, CartKeeper, OutcomeUnknownError
from domain.carts.model import CartState, Line, MergeMode
from domain.carts.operations import MAX_LINES, MAX_QUANTITY
from domain.carts.outcome import CartOutcome, Done
from domain.carts.record import Intent, cart_of, lines_of
from domain.carts.repeated import refusal
from domain.identity.principals import scope_of
from kernel.context import RequestContext
from kernel.errors import UnauthenticatedError, UpstreamError
from kernel.outcomes import ErrorCode, Rejected, Rejection
from store import carts as rows
from store import port_ins
from store.carts import CartRow, Change
from store.database import Connection
from store.idempotency import Claim, Fresh, Idempotency, Replay

_TRIES = 5
_WHAT = "ClaimCart"
_TOKEN = ("input", "guestCartToken")
_NO_GUEST = Rejection(ErrorCode.NOT_FOUND, "This token opens no cart.", _TOKEN)
_UNLIKE = Rejection(
    ErrorCode.INVALID, "The two carts are for other segments or currencies. Keep one of them.", ("input", "mode")
)
_TOO_LARGE = Rejection(ErrorCode.INVALID, f"A cart has at most {MAX_LINES} lines.", ("input", "mode"))


class _OvertakenError(Exception):
    """Somebody was at one of the carts meanwhile. Nothing was written."""


@dataclass(frozen=True)
class CartClaimer:
    """Claims carts for who is signed in."""

    keeper: CartKeeper
    idempotency: Idempotency

    async def claim(self, ctx: RequestContext, key: str, token: str, mode: MergeMode) -> CartOutcome:
        """The guest's cart that a token opens becomes the caller's. The same key brings the same cart.

        Raises:
            UnauthenticatedError: nobody is signed in.
        """
        owner = ctx.principal.id
        if owner is None:
            raise UnauthenticatedError(detail="claimCart without a session")
        body = msgspec.json.encode([token_hash(token), mode.value])
        begun = await self.idempotency.begin(scope_of(ctx.principal), "claimCart", key, body)
        if isinstance(begun, Replay):
            return await self._shown(Done.decode(begun.result).cart)
        if not isinstance(begun, Fresh):
            return CartOutcome(None, (refusal(begun),))
        try:
            return await self._claim(ctx, owner, begun.claim, token, mode)
        except OutcomeUnknownError:
            await self.idempotency.release(begun.claim)
            return CartOutcome(None, (UNKNOWN,))
        except (Rejected, UpstreamError) as error:
            await self.idempotency.abandon(begun.claim)
            unanswered = UNKNOWN if begun.claim.resumed else NOT_NOW
            return CartOutcome(None, error.reasons if isinstance(error, Rejected) else (unanswered,))
        except BaseException:
            await self.idempotency.release(begun.claim)
            raise

    async def _claim(self, ctx: RequestContext, owner: str, claim: Claim, token: str, mode: MergeMode) -> CartOutcome:
        for _ in range(_TRIES):
            existing = await self._own(ctx, owner)
            done = await self._was_done(owner, claim) if claim.resumed else None
            if done is not None:
                return await self._shown(done)
            guest = await self._guest(ctx, token)
            try:
                if existing is None or mode is MergeMode.USE_GUEST:
                    return await self._shown(await self._take(ctx, owner, claim, guest, existing))
                if mode is MergeMode.KEEP_EXISTING:
                    return await self._shown(await self._keep(claim, guest, existing))
                return await self._shown(await self._merge(ctx, claim, guest, existing))
            except _OvertakenError:
                continue
        raise Rejected(BUSY)

    # ---------------------------------------------------------------- three ways

    async def _take(
        self, ctx: RequestContext, owner: str, claim: Claim, guest: CartRow, existing: CartRow | None
    ) -> str:
        """The guest's cart gets an owner; one that there was ends."""
        async with self.keeper.holds.database.writing() as connection:
            now = self.keeper.holds.clock.now()
            change = Change(guest.version + 1, now, name_of(ctx.principal), claim.key, _WHAT)
            until = now + self.keeper.holds.lifetime
            taken = await rows.give_to(connection, guest, owner, change, expires_at=until)
            if not taken or (existing is not None and not await rows.merge(connection, existing, now)):
                raise _OvertakenError
            await port_ins.give_to(connection, guest.id, owner)
            await self._finish(claim, guest.id, connection)
        self._tell(guest, existing)
        return guest.id

    async def _keep(self, claim: Claim, guest: CartRow, existing: CartRow) -> str:
        """The guest's cart ends; the sweep that removes it gives back what is reserved for it."""
        async with self.keeper.holds.database.writing() as connection:
            now = self.keeper.holds.clock.now()
            if not await rows.merge(connection, guest, now) or not await rows.alive(connection, existing.id, now):
                raise _OvertakenError
            await self._finish(claim, existing.id, connection)
        self._tell(guest)
        return existing.id

    async def _merge(self, ctx: RequestContext, claim: Claim, guest: CartRow, existing: CartRow) -> str:
        if (guest.segment, guest.currency) != (existing.segment, existing.currency):
            raise Rejected(_UNLIKE)
        intent = Intent(
            lines=await self._merged(existing, guest),
            who=name_of(ctx.principal),
            what=_WHAT,
            key=claim.key,
            merges=(guest.id, guest.version),
        )

        async def allowed(connection: Connection) -> bool:
            return await self.idempotency.is_held(claim, connection)

        async def and_with(connection: Connection, _: int) -> bool:
            return await self.idempotency.finish(claim, Done(existing.id).encode(), connection=connection)

        changed = await self.keeper.change(ctx.audience, existing, intent, allowed=allowed, and_with=and_with)
        if changed is None:
            raise _OvertakenError
        return changed.id

    async def _merged(self, existing: CartRow, guest: CartRow) -> tuple[Line, ...]:
        """The lines of both. Equal ones are summed, but for what stands in or around a bundle or carries a number.

        A line that both have by its id was brought by an earlier merge of which the cart system kept a part.
        """
        merged, added = list(lines_of(existing)), lines_of(guest)
        alone = {line.id for line in (*merged, *added) if line.parent is None}
        alone -= {line.parent for line in (*merged, *added) if line.parent}
        alone -= await self._carrying(existing.id) | await self._carrying(guest.id)
        for line in added:
            twin, known = None, next((place for place, each in enumerate(merged) if each.id == line.id), None)
            if known is not None:
                most = max(merged[known].quantity, line.quantity)
                merged[known] = msgspec.structs.replace(merged[known], quantity=most)
                continue
            if line.id in alone:
                twins = (place for place, each in enumerate(merged) if each.id in alone and _equal(each, line))
                twin = next(twins, None)
            if twin is not None and merged[twin].quantity + line.quantity <= MAX_QUANTITY:
                both = merged[twin].quantity + line.quantity
                merged[twin] = msgspec.structs.replace(merged[twin], quantity=both)
            else:
                merged.append(msgspec.structs.replace(line, upstream_id=None))
        if len(merged) > MAX_LINES:
            raise Rejected(_TOO_LARGE)
        return tuple(merged)

    async def _carrying(self, cart_id: str) -> set[str]:
        """The lines of a cart that carry a number or a SIM, or bring a number along."""
        journal = self.keeper.holds.journal
        if journal is None:
            return set()
        async with self.keeper.holds.database.reading() as connection:
            ported = await port_ins.lines_of_cart(connection, cart_id)
        return {str(entry.line_id) for entry in await journal.of_cart(cart_id)} | set(ported)

    # ---------------------------------------------------------------- what all share

    def _tell(self, *changed: CartRow | None) -> None:
        for row in changed:
            if row is not None:
                self.keeper.holds.changed(row.id)

    async def _own(self, ctx: RequestContext, owner: str) -> CartRow | None:
        async with self.keeper.holds.database.reading() as connection:
            row = await rows.active_of(connection, owner, self.keeper.holds.clock.now())
        return None if row is None else await self.keeper.ready(ctx.audience, row.id)

    async def _guest(self, ctx: RequestContext, token: str) -> CartRow:
        async with self.keeper.holds.database.reading() as connection:
            row = await rows.by_token(connection, token_hash(token))
        if row is not None and self._is_guest_s(row):
            row = await self.keeper.ready(ctx.audience, row.id)
        if row is not None and row.owner is None and row.state == CartState.LOCKED.value:
            raise Rejected(BUSY)  # it is just being merged, which may come to nothing
        if row is None or not self._is_guest_s(row):  # or not any more: somebody else may have claimed it meanwhile
            raise Rejected(_NO_GUEST)
        return row

    def _is_guest_s(self, row: CartRow) -> bool:
        return row.owner is None and self.keeper.is_active(row)

    async def _was_done(self, owner: str, claim: Claim) -> str | None:
        """Into which cart an earlier, interrupted run of this request merged them after all; that is remembered now."""
        async with self.keeper.holds.database.writing() as connection:
            done = await rows.changed_for(connection, owner, claim.key, _WHAT)
            if done is not None:
                await self._finish(claim, done, connection)
        return done

    async def _finish(self, claim: Claim, cart_id: str, connection: Connection) -> None:
        if not await self.idempotency.finish(claim, Done(cart_id).encode(), connection=connection):
            raise OutcomeUnknownError

    async def _shown(self, cart_id: str) -> CartOutcome:
        row = await self.keeper.latest(cart_id)
        return CartOutcome(cart_of(row, lines_of(row), self.keeper.holds.clock.now()))


def _equal(mine: Line, theirs: Line) -> bool:
    """Whether two lines are one choice."""
    return (mine.offering, mine.action, sorted(mine.configuration)) == (
        theirs.offering,
        theirs.action,
        sorted(theirs.configuration),
    )
