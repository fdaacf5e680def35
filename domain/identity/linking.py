"""Joining a line to a customer, once its own telephone has shown a code that was sent there.

Nobody learns here which numbers are the operator's, or whose: a challenge token is given either way, after the same
look-up and at the same time, and whatever depends on what was found is done behind the answer. So the code is not kept
anywhere: like the challenge's id it is derived from the request's own key, and the same key sends what a killed process
did not, and nothing twice.
"""

import asyncio
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec
import structlog

from clients.looking_up import looked_up
from clients.tmf import TMFClient
from clients.tmf637 import Product
from clients.tmf681 import BY_REFERENCE, MESSAGES, new_text_message
from clients.writing import Writer
from domain.identity import permissions
from domain.identity.challenges import Challenge, ChallengeTokens
from domain.identity.desk import CustomerDesk
from domain.identity.limits import IdentityLimits, Limits, Try
from domain.identity.lines import LineBusyError, Lines, NotTheirsError
from domain.identity.logins import Login, check_code
from domain.identity.model import Membership
from domain.identity.outcomes import CHALLENGE, CODE, MSISDN, OLD_CODE, WRONG_CODE, Checks, Kind, LinkOutcome
from domain.identity.pace import evenly
from domain.identity.permissions import Action
from domain.identity.principals import scope_of
from kernel.errors import GatewayError, UpstreamError
from kernel.keys import SigningKeys
from kernel.outcomes import ErrorCode, Rejected, Rejection
from store.idempotency import Claim, Fresh, Idempotency, InProgress, Mismatch, Replay

log = structlog.get_logger(__name__)

_SEND, _LINK = "linkService code", "linkService"
_CHALLENGE, _CODE = "link challenge", "link code"
_DIGITS = 6
_KEY = ("input", "idempotencyKey")
_CUSTOMER = ("input", "customerId")
_NOT_THIS = Rejection(ErrorCode.INVALID, "This is no challenge token for this.", CHALLENGE)
_NOT_THEIRS = Rejection(ErrorCode.NOT_FOUND, "This line cannot be linked.", MSISDN)
_MISMATCH = Rejection(ErrorCode.IDEMPOTENCY_MISMATCH, "This key was used for another request.", _KEY)
_RUNNING = Rejection(
    ErrorCode.IN_PROGRESS, "This is being done; ask again with the same key.", _KEY, retryable=True, retry_after=2
)
_OLD_KEY = Rejection(ErrorCode.OTP_EXPIRED, "The code's time is over; ask for another.", _KEY)
_AWAY = Rejection(
    ErrorCode.UPSTREAM_UNAVAILABLE,
    "This cannot be done just now; ask again with the same key.",
    retryable=True,
    retry_after=5,
)


class _Sent(msgspec.Struct, frozen=True):
    """What is remembered of a code: enough to derive it again."""

    until: float
    key_id: str


@dataclass(frozen=True)
class _Wish:
    """Who wants which line to join which customer."""

    user: str
    membership: Membership
    number: str

    @property
    def parts(self) -> tuple[bytes, ...]:
        return self.user.encode(), self.membership.customer.id.encode(), self.number.encode()

    @property
    def body(self) -> bytes:
        return msgspec.json.encode([self.membership.customer.id, self.number])


@dataclass(frozen=True)
class MessageRules:
    """What is sent: `text` with `{code}` in it, in the name of `sender`."""

    text: str
    sender: str


@dataclass
class Linking:
    """`pace`: seconds at whose multiples codes are said to be sent, as in `Pool`."""

    lines: Lines
    messages: TMFClient
    rules: MessageRules
    limits: Limits
    limit: IdentityLimits
    challenges: ChallengeTokens
    keys: SigningKeys
    idempotency: Idempotency
    pace: float
    _sending: dict[str, "asyncio.Task[None]"] = field(default_factory=dict)

    # ------------------------------------------------------------ the code

    async def send(self, desk: CustomerDesk, key: str, customer_id: str, number: str) -> LinkOutcome:
        """Have a code sent to the line, if it is one that this customer can join; the answer does not tell.

        Raises:
            UnauthenticatedError: nobody is signed in.
        """
        try:
            wish = await self._wish(desk, customer_id, number)
            even = evenly(self.pace)
            challenge, again = await self._challenge(desk, key, wish)
            found = await self._found(number)
        except Rejected as rejected:
            return LinkOutcome(errors=rejected.reasons)
        self._begin_sending(challenge, wish, found, again=again)
        await even()
        return LinkOutcome(token=self.challenges.make(challenge))

    async def _challenge(self, desk: CustomerDesk, key: str, wish: _Wish) -> tuple[Challenge, bool]:
        """The challenge of this key, and whether its message may have been sent before."""
        begun = await self.idempotency.begin(scope_of(desk.ctx.principal), _SEND, key, wish.body)
        if isinstance(begun, Replay):
            sent = msgspec.json.decode(begun.result, type=_Sent)
            try:
                return self._challenge_of(key, wish, sent), True
            except KeyError:  # its signing key has been taken out since
                raise Rejected(_OLD_KEY) from None
        if not isinstance(begun, Fresh):
            raise Rejected(_MISMATCH if isinstance(begun, Mismatch) else _RUNNING)
        try:
            await self._count_send(desk, wish)
        except BaseException:
            await self.idempotency.abandon(begun.claim)
            raise
        until = self.challenges.begin(Kind.LINK, Login(wish.number)).until
        sent = _Sent(until, self.keys.newest.id)
        if not await self.idempotency.finish(begun.claim, msgspec.json.encode(sent)):
            raise Rejected(_RUNNING)  # we slept, and another sends it
        return self._challenge_of(key, wish, sent), begun.claim.resumed

    def _challenge_of(self, key: str, wish: _Wish, sent: _Sent) -> Challenge:
        mac = self.keys.mac(_CHALLENGE, key.encode(), *wish.parts, key_id=sent.key_id)
        return Challenge(Kind.LINK, mac.hex()[:32], Login(wish.number), sent.until, session=sent.key_id)

    async def _count_send(self, desk: CustomerDesk, wish: _Wish) -> None:
        """A number is sent so many codes, whatever they are for; and so many are sent for one user or address."""
        by_address = self.limit.sends_by_address
        await self.limits.take(
            Try(self.limit.sends, wish.number),
            Try(by_address, desk.ctx.address),
            Try(by_address, f"user {wish.user}"),
        )

    def _begin_sending(self, challenge: Challenge, wish: _Wish, found: Sequence[Product], *, again: bool) -> None:
        """Behind the answer, once at a time for each challenge."""
        if challenge.id in self._sending or self.challenges.is_over(challenge):
            return
        task = asyncio.create_task(self._send(challenge, wish, found, again=again))
        self._sending[challenge.id] = task
        task.add_done_callback(lambda _: self._sending.pop(challenge.id, None))

    async def _send(self, challenge: Challenge, wish: _Wish, found: Sequence[Product], *, again: bool) -> None:
        try:
            await self.lines.require_theirs(found, wish.membership)
            if again and await self._is_sent(challenge.id):
                return
            text = self.rules.text.replace("{code}", self._code(challenge, wish))
            body = new_text_message(wish.number, text, self.rules.sender, reference=challenge.id)
            await Writer(self.messages).create(MESSAGES, self.lines.audience, body)
        except NotTheirsError:
            log.info("linking.no_code_sent")
        except GatewayError as error:
            log.warning("linking.code_not_sent", code=error.code, detail=error.detail)

    async def _is_sent(self, reference: str) -> bool:
        found = await looked_up(
            self.messages,
            MESSAGES,
            self.lines.audience,
            {BY_REFERENCE: reference},
            frozenset(),
            lambda message: message.is_marked(reference),
        )
        return bool(found)

    def _code(self, challenge: Challenge, wish: _Wish) -> str:
        mac = self.keys.mac(_CODE, challenge.id.encode(), *wish.parts, key_id=challenge.session)
        return f"{int.from_bytes(mac) % 10**_DIGITS:0{_DIGITS}}"

    # ------------------------------------------------------------ the link

    async def link(
        self, desk: CustomerDesk, key: str, customer_id: str, number: str, token: str, code: str
    ) -> LinkOutcome:
        """Join the line for whoever has the code. The same key brings the same end, and needs no code any more.

        Raises:
            UnauthenticatedError: nobody is signed in.
        """
        try:
            wish = await self._wish(desk, customer_id, number)
            begun = await self._begun(desk, key, wish, token, code)
            product_id = begun.result.decode() if isinstance(begun, Replay) else await self._joined(begun.claim, wish)
        except Rejected as rejected:
            return LinkOutcome(errors=rejected.reasons)
        return LinkOutcome(membership=wish.membership, product_id=product_id)

    async def _begun(self, desk: CustomerDesk, key: str, wish: _Wish, token: str, code: str) -> Fresh | Replay:
        """What the key stands for, once the code was right; what it began earlier it began with the right one."""
        scope = scope_of(desk.ctx.principal)
        known = await self.idempotency.look(scope, _LINK, key, wish.body)
        if isinstance(known, Replay | InProgress):
            async with self.lines.database.writing() as connection:
                begun = await self.idempotency.begin(scope, _LINK, key, wish.body, connection=connection)
                if isinstance(begun, Fresh) and not begun.claim.resumed:
                    raise Rejected(_RUNNING)  # forgotten this very moment: the next try needs a code again
        else:
            await self._require_code(desk, wish, token, code)
            begun = await self.idempotency.begin(scope, _LINK, key, wish.body)
        if not isinstance(begun, Fresh | Replay):
            raise Rejected(_MISMATCH if isinstance(begun, Mismatch) else _RUNNING)
        return begun

    async def _require_code(self, desk: CustomerDesk, wish: _Wish, token: str, code: str) -> None:
        checks = Checks()
        given = checks.run(check_code, code, CODE)
        challenge = checks.run(self.challenges.read, token, CHALLENGE, Kind.LINK)
        checks.done()
        if challenge.login.value != wish.number:
            raise Rejected(_NOT_THIS)
        await self.limits.take(
            Try(self.limit.tries_of_code, challenge.id),
            Try(self.limit.tries, wish.number),
            Try(self.limit.tries_by_address, desk.ctx.address),
        )
        try:
            right = self._code(challenge, wish)
        except KeyError:  # its signing key has been taken out since
            raise Rejected(OLD_CODE) from None
        if not hmac.compare_digest(right, given):
            raise Rejected(WRONG_CODE)

    async def _joined(self, claim: Claim, wish: _Wish) -> str:
        """The product, joined; whatever keeps it from that, the key can be used again."""
        try:
            product = await self.lines.require_theirs(await self._found(wish.number), wish.membership)
            await self.lines.join(product.id, wish.membership)
            await self.idempotency.finish(claim, product.id.encode())
        except NotTheirsError:
            await self.idempotency.abandon(claim)
            raise Rejected(_NOT_THEIRS) from None
        except (LineBusyError, UpstreamError) as error:
            await self.idempotency.release(claim)
            if isinstance(error, UpstreamError):
                log.warning("linking.unfinished", code=error.code, detail=error.detail)
            raise Rejected(_AWAY if isinstance(error, UpstreamError) else _RUNNING) from None
        except BaseException:
            await self.idempotency.release(claim)
            raise
        return product.id

    # ------------------------------------------------------------ both

    async def _wish(self, desk: CustomerDesk, customer_id: str, number: str) -> _Wish:
        user = permissions.require_user(desk.ctx.principal)
        found = permissions.find(await desk.memberships(), customer_id)
        return _Wish(user, permissions.require(found, Action.CHANGE, _CUSTOMER), number)

    async def _found(self, number: str) -> Sequence[Product]:
        try:
            return await self.lines.with_number(number)
        except UpstreamError as error:
            log.warning("linking.cannot_look", code=error.code, detail=error.detail)
            raise Rejected(_AWAY) from None

    async def aclose(self) -> None:
        """Send what was promised; each call of it ends by its own time-out."""
        await asyncio.gather(*self._sending.values(), return_exceptions=True)
