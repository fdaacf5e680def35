"""Becoming a customer, and changing how one is reached: what is done in which order, and what undoes it.

The order is FACTS 2.4's: party, customer, billing account, and then the link to the user, which is what makes the
customer visible. What makes it unmistakable was claimed when the request was accepted; the first step holds its undo.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec

from domain.identity import permissions
from domain.identity.applying import ApplicationRules
from domain.identity.before import Before, told_by
from domain.identity.contact import Contact
from domain.identity.desk import CustomerDesk, Reading
from domain.identity.duplicates import CONTACT, Claims, Fingerprints
from domain.identity.limits import Limit, Limits, Try
from domain.identity.linking import Linking
from domain.identity.model import Applicant, Membership, Role
from domain.identity.outcomes import CustomerOutcome
from domain.identity.permissions import Action
from domain.identity.systems import CustomerSystems
from domain.pipelines.model import BRIEF, LONG, Pipeline, PipelineState, Step, Work
from domain.pipelines.pipelines import Pipelines, Status
from kernel.clock import Clock
from kernel.context import Principal, RequestContext, Segment
from kernel.outcomes import ErrorCode, Rejected, Rejection
from store import customers as rows
from store.customers import CustomerRow
from store.database import Database
from store.idempotency import Fresh, Idempotency, Mismatch, Replay

_KEY = ("input", "idempotencyKey")
_CUSTOMER = ("input", "customerId")
_DUPLICATE = Rejection(ErrorCode.DUPLICATE, "There is a customer with such details already.", ("input", "party"))
_TAKEN = Rejection(ErrorCode.DUPLICATE, "There is a customer with such details already.", ("input", "contact"))
_CHANGING = Rejection(
    ErrorCode.IN_PROGRESS,
    "This customer is just being given another contact; ask again.",
    ("input", "contact"),
    retryable=True,
    retry_after=5,
)
_MISMATCH = Rejection(ErrorCode.IDEMPOTENCY_MISMATCH, "This key was used for another request.", _KEY)
_RUNNING = Rejection(
    ErrorCode.IN_PROGRESS, "This is being done; ask again with the same key.", _KEY, retryable=True, retry_after=2
)
_NO_COMPANY = Rejection(ErrorCode.FORBIDDEN, "Only companies have members.", _CUSTOMER)
_NO_GRANT = Rejection(ErrorCode.FORBIDDEN, "Your role does not reach far enough to give this one.", ("input", "role"))


CHANGING = "changing"
"""The kind of what is claimed for a customer while its contact changes. Of two changes at once either would let go of
what the other has claimed, and somebody else could become a customer by the contact that stays.
"""


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """What the pipeline of a new customer is given."""

    customer: str
    user: str
    applicant: Applicant


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """What the pipeline of a changed contact is given. `new`: what was claimed for it."""

    customer: str
    party_kind: str
    party_id: str
    contact: Contact
    claims: Claims
    new: tuple[str, ...]


@dataclass(frozen=True)
class Tries:
    """How often details may be tried: by one user, and from one address."""

    limits: Limits
    by_user: Limit
    by_address: Limit

    async def take(self, ctx: RequestContext) -> None:
        """Count one.

        Raises:
            Rejected: there were too many, or it cannot be counted just now.
        """
        await self.limits.take(Try(self.by_user, ctx.principal.id or ""), Try(self.by_address, ctx.address))


@dataclass(frozen=True)
class _Accepted:
    """A request for a pipeline. `given` makes its input of what is newly claimed.

    `alone`: a claim that must be new, so that this pipeline is the only one of its kind.
    """

    principal: Principal
    pipeline: Pipeline
    key: str
    body: bytes
    customer_id: str
    claims: Claims
    given: Callable[[Sequence[str]], bytes]
    alone: tuple[str, str] | None = None


@dataclass(frozen=True)
class CustomerSteps:
    """What the steps do. Each can be done twice."""

    systems: CustomerSystems
    before: Before
    database: Database
    clock: Clock

    def opening(self) -> Pipeline:
        return Pipeline(
            "opening",
            "createCustomer",
            (
                Step("identities", self.claimed, undo=self.release_identities),
                Step("before", self.unknown_before, retry=BRIEF),
                Step("party", self.make_party, undo=self.remove_party, retry=BRIEF),
                Step("customer", self.make_customer, undo=self.remove_customer, retry=LONG),
                Step("billingAccount", self.make_account, undo=self.remove_account, retry=LONG),
                Step("link", self.link, undo=self.unlink),
            ),
        )

    def profile(self) -> Pipeline:
        return Pipeline(
            "profile",
            "updateProfile",
            (
                Step("identities", self.claimed, undo=self.release_new),
                Step("before", self.unknown_elsewhere, retry=BRIEF),
                Step("contact", self.put_contact, retry=LONG),
                Step("outdated", self.release_outdated),
            ),
        )

    async def claimed(self, _: Work) -> str:
        """Done when the request was accepted; what counts is its undo."""
        return ""

    async def unknown_before(self, work: Work) -> str:
        """Nobody whom the operator had before has any of it."""
        applicant = _opening(work).applicant
        if await self.before.knows(applicant.kind, told_by(applicant.contact, applicant.party)):
            raise Rejected(_DUPLICATE)
        return ""

    async def unknown_elsewhere(self, work: Work) -> str:
        """The same for another contact."""
        given = _profile(work)
        if await self.before.knows(given.party_kind, told_by(given.contact), besides=given.party_id):
            raise Rejected(_TAKEN)
        return ""

    async def release_identities(self, work: Work) -> None:
        given = _opening(work)
        async with self.database.writing() as connection:
            await rows.release_all_identities(connection, given.customer)

    async def make_party(self, work: Work) -> str:
        return await self.systems.make_party(_opening(work).applicant, work.key, again=work.attempt > 1)

    async def remove_party(self, work: Work) -> None:
        await self.systems.remove_party(_opening(work).applicant.kind, work.key)

    async def make_customer(self, work: Work) -> str:
        party = work.results["party"]
        return await self.systems.make_customer(_opening(work).applicant, party, work.key, again=work.attempt > 1)

    async def remove_customer(self, work: Work) -> None:
        await self.systems.remove_customer(work.results["party"], work.key)

    async def make_account(self, work: Work) -> str:
        customer = work.results["customer"]
        return await self.systems.make_account(_opening(work).applicant, customer, work.key, again=work.attempt > 1)

    async def remove_account(self, work: Work) -> None:
        await self.systems.remove_account(work.results["customer"], work.key)

    async def link(self, work: Work) -> str:
        given, now = _opening(work), self.clock.now()
        row = CustomerRow(
            id=given.customer,
            segment=given.applicant.segment.value,
            upstream_id=work.results["customer"],
            party_kind=given.applicant.kind,
            party_id=work.results["party"],
            account_id=work.results["billingAccount"],
            created_at=now,
        )
        async with self.database.writing() as connection:
            await rows.add_customer(connection, row)
            await rows.add_member(connection, row.id, given.user, Role.OWNER.value, by=given.user, now=now)
        return row.id

    async def unlink(self, work: Work) -> None:
        async with self.database.writing() as connection:
            await rows.remove_customer(connection, _opening(work).customer)

    async def put_contact(self, work: Work) -> str:
        given = _profile(work)
        await self.systems.put_contact(given.party_kind, given.party_id, given.contact)
        return ""

    async def release_new(self, work: Work) -> None:
        given = _profile(work)
        async with self.database.writing() as connection:
            await rows.release_identities(connection, given.customer, given.new)

    async def release_outdated(self, work: Work) -> str:
        given = _profile(work)
        async with self.database.writing() as connection:
            kinds = (*CONTACT, CHANGING)
            await rows.keep_identities(connection, given.customer, kinds, [mac for _, mac in given.claims])
        return given.customer


def _opening(work: Work) -> Opening:
    return msgspec.json.decode(work.input, type=Opening)


def _profile(work: Work) -> Profile:
    return msgspec.json.decode(work.input, type=Profile)


@dataclass(frozen=True)
class Customers:
    """The mutations of customers. `patience`: seconds that one waits for its pipeline before it says IN_PROGRESS."""

    steps: CustomerSteps
    pipelines: Pipelines
    idempotency: Idempotency
    fingerprints: Fingerprints
    reading: Reading
    rules: ApplicationRules
    patience: float
    invitation: float
    linking: Linking | None = None
    tries: Tries | None = None

    def desk(self, ctx: RequestContext) -> CustomerDesk:
        """What one request may see of customers."""
        return CustomerDesk(self.reading, ctx)

    async def segments(self, principal: Principal) -> frozenset[Segment]:
        """What of the catalogue a caller may see."""
        return await self.reading.members.seen.of(principal)

    async def create(self, desk: CustomerDesk, key: str, applicant: Applicant) -> CustomerOutcome:
        """A new customer whose owner is the caller; the same key brings the same one.

        Raises:
            UnauthenticatedError: nobody is signed in.
        """
        user = permissions.require_user(desk.ctx.principal)
        pipeline, customer_id = self.steps.opening(), "k" + secrets.token_hex(15)
        given = msgspec.json.encode(Opening(customer=customer_id, user=user, applicant=applicant))
        body, claims = msgspec.json.encode(applicant), self.fingerprints.of(applicant)
        try:
            await self._count(desk, pipeline, key, body)
            accepted = _Accepted(desk.ctx.principal, pipeline, key, body, customer_id, claims, lambda _: given)
            pipeline_id = await self._accept(accepted, _DUPLICATE)
        except Rejected as rejected:
            return CustomerOutcome(None, rejected.reasons)
        return await self._outcome(desk, pipeline_id, pipeline, last="link")

    async def update(self, desk: CustomerDesk, key: str, customer_id: str, contact: Contact) -> CustomerOutcome:
        """Give a customer's party another contact.

        Raises:
            UnauthenticatedError: nobody is signed in.
        """
        permissions.require_user(desk.ctx.principal)
        try:
            found = await self._required(desk, customer_id, Action.CHANGE)
        except Rejected as rejected:
            return CustomerOutcome(None, rejected.reasons)
        pipeline, row = self.steps.profile(), found.customer
        claims = self.fingerprints.of_contact(found.segment, contact)

        def given(new: Sequence[str]) -> bytes:
            told = Profile(
                customer=row.id,
                party_kind=row.party_kind,
                party_id=row.party_id,
                contact=contact,
                claims=claims,
                new=tuple(new),
            )
            return msgspec.json.encode(told)

        body = msgspec.json.encode([customer_id, contact])
        try:
            await self._count(desk, pipeline, key, body)
            alone = (CHANGING, f"{CHANGING}:{row.id}")
            accepted = _Accepted(desk.ctx.principal, pipeline, key, body, row.id, claims, given, alone)
            pipeline_id = await self._accept(accepted, _TAKEN)
        except Rejected as rejected:
            return CustomerOutcome(found, rejected.reasons)
        return await self._outcome(desk, pipeline_id, pipeline, last="outdated")

    async def invite(self, desk: CustomerDesk, key: str, customer_id: str, login: str, role: Role) -> CustomerOutcome:
        """Let whoever signs in with that login act for a company in a role.

        Raises:
            UnauthenticatedError: nobody is signed in.
        """
        user = permissions.require_user(desk.ctx.principal)
        try:
            found = await self._required(desk, customer_id, Action.MANAGE_MEMBERS)
        except Rejected as rejected:
            return CustomerOutcome(None, rejected.reasons)
        if found.segment is not Segment.B2B:
            return CustomerOutcome(found, (_NO_COMPANY,))
        if not permissions.may_grant(found.role, role):
            return CustomerOutcome(found, (_NO_GRANT,))
        hashed, now = self.fingerprints.of_login(login), self.steps.clock.now()
        body = msgspec.json.encode([customer_id, hashed, role.value])
        async with self.steps.database.writing() as connection:
            begun = await self.idempotency.begin(
                _scope(desk.ctx.principal), "inviteMember", key, body, connection=connection
            )
            if isinstance(begun, Fresh):
                until = now + self.invitation
                await rows.invite(connection, customer_id, hashed, role.value, by=user, now=now, until=until)
                await self.idempotency.finish(begun.claim, customer_id.encode(), connection=connection)
        if isinstance(begun, Mismatch):
            return CustomerOutcome(found, (_MISMATCH,))
        self.reading.members.expect()
        return CustomerOutcome(found)

    async def _count(self, desk: CustomerDesk, pipeline: Pipeline, key: str, body: bytes) -> None:
        """Count a try of details, for its answer tells whether somebody has them. A known key tells nothing new.

        Raises:
            Rejected: there were too many.
        """
        if self.tries is None:
            return
        known = await self.idempotency.look(_scope(desk.ctx.principal), pipeline.mutation, key, body)
        if known is None or isinstance(known, Mismatch):
            await self.tries.take(desk.ctx)

    async def _accept(self, asked: "_Accepted", taken: Rejection) -> str:
        """The id of the pipeline that this key begins, or began: key, claims and pipeline in one transaction.

        Raises:
            Rejected: the key was used for something else, another customer has one of the values, or another of these
                pipelines is running.
        """
        claims = asked.claims if asked.alone is None else (*asked.claims, asked.alone)
        async with self.steps.database.writing() as connection:
            begun = await self.idempotency.begin(
                _scope(asked.principal), asked.pipeline.mutation, asked.key, asked.body, connection=connection
            )
            if isinstance(begun, Replay):
                return begun.result.decode()
            if not isinstance(begun, Fresh):
                raise Rejected(_MISMATCH if isinstance(begun, Mismatch) else _RUNNING)
            now = self.steps.clock.now()
            new = await rows.claim_identities(connection, asked.customer_id, claims, now)
            if new is None:
                raise Rejected(taken)
            if asked.alone is not None and asked.alone[1] not in new:
                raise Rejected(_CHANGING)
            pipeline_id = await self.pipelines.begin(connection, asked.pipeline, begun.claim, asked.given(new))
            await self.idempotency.finish(begun.claim, pipeline_id.encode(), connection=connection)
            return pipeline_id

    async def _required(self, desk: CustomerDesk, customer_id: str, action: Action) -> Membership:
        return permissions.require(permissions.find(await desk.memberships(), customer_id), action, _CUSTOMER)

    async def _outcome(self, desk: CustomerDesk, pipeline_id: str, pipeline: Pipeline, *, last: str) -> CustomerOutcome:
        await self.pipelines.go(pipeline_id, pipeline)
        status = await self.pipelines.wait(pipeline_id, self._patience(desk))
        if status is None or status.state is not PipelineState.DONE:
            return CustomerOutcome(None, (_why(status),))
        desk.forget()
        customer_id = await self.pipelines.result(pipeline_id, last)
        found = permissions.find(await desk.memberships(), customer_id or "")
        if found is None:  # done, but it is the caller's no longer
            return CustomerOutcome(None, (Rejection(ErrorCode.NOT_FOUND, "There is no such customer.", _KEY),))
        return CustomerOutcome(found)

    def _patience(self, desk: CustomerDesk) -> float:
        """Some of the request's time is left for reading what it asks for."""
        return max(0.0, min(self.patience, desk.ctx.deadline.remaining() * 0.7))


def _why(status: Status | None) -> Rejection:
    return _RUNNING if status is None or status.failure is None else status.failure


def _scope(principal: Principal) -> str:
    return f"principal:{principal.id}"
