"""The kinds of notice: what each adds in its `details` block, and what each demands.

The demands are the working judgement of practitioners, not law; `extra.duenotice.kinds` in mkdocs.yml replaces any
of them.
"""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Any, SupportsIndex

from pydantic import BaseModel, ConfigDict, Field, StrictBool

from portal.days import Day, Moment


class Kind(StrEnum):
    """What a notice is about."""

    SERVICE_ADJUSTMENT = "service-adjustment"
    FEE_CHANGE = "fee-change"
    CONTRACT_TERMINATION = "contract-termination"
    CONTACT_CHANGE = "contact-change"
    SERVICE_PLAN = "service-plan"
    MAINTENANCE = "maintenance"
    INCIDENT = "incident"
    POLICY = "policy"
    IMPROVEMENT = "improvement"
    GENERAL = "general"


class Block(BaseModel):
    """A closed block of front matter: an unknown key in it is an error.

    Its schema is built when something is validated by it: a build in which nothing changed validates mkdocs.yml alone.
    For the same reason a block that is a default is made with `model_construct`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True, defer_build=True)

    def __reduce_ex__(self, protocol: SupportsIndex) -> tuple[Any, ...]:
        """As a pickle holds it: of blocks in which nobody said anything, one for all."""
        if not self.model_fields_set:
            return _saying_nothing, (type(self),)
        made: tuple[Any, ...] = super().__reduce_ex__(protocol)  # type: ignore[assignment]
        return made


@lru_cache
def _saying_nothing(kind: type[Block]) -> Block:
    return kind.model_construct()


class Details(Block):
    """What a kind adds; `general` adds nothing."""


class ServiceAdjustmentDetails(Details):
    """What the service was and will be."""

    before: str | None = None
    """The service as it was."""
    after: str | None = None
    """The service as it will be."""
    fees_change: str | None = None
    """Whether fees change with it, in words: 'no', or 'see notice fees-2027'."""
    alternative: str | None = None
    """What else the client can choose."""
    compensation: str | None = None
    """What the client gets for it."""


class FeeChangeDetails(Details):
    """On what ground the fee changes and what becomes of what was paid."""

    basis: str | None = None
    """The clause of the contract that allows the change."""
    period: str | None = None
    """Charged per what."""
    tax: str | None = None
    """Whether the amounts include tax, and at what rate."""
    prepaid: str | None = None
    """What becomes of prepaid fees."""
    yearly: str | None = None
    """What it comes to in a year."""
    agreement: str | None = None
    """The supplementary agreement, if one is to be signed."""


class Handover(Block):
    """One line of a hand-over list."""

    item: str
    giver: str | None = Field(None, alias="from")
    receiver: str | None = Field(None, alias="to")
    witness: str | None = None
    on: Day | None = None


class Responsibility(Block):
    """Who answers for which period."""

    period: str
    who: str


class ContractTerminationDetails(Details):
    """What a client needs to know when a contract ends."""

    contract: str | None = None
    """Its number."""
    ends_on: Day | None = None
    """Its last day."""
    last_tax_period: str | None = None
    """The last period that you file."""
    responsibility: tuple[Responsibility, ...] = ()
    """Who answers for which period."""
    handover: tuple[Handover, ...] = ()
    """The hand-over list, printed with room for signatures."""
    settlement: str | None = None
    """Open fees or refund."""
    invoices: str | None = None
    """What becomes of invoices."""
    seals: str | None = None
    """Return of seals and accounts."""
    data_kept_until: Day | None = None
    """How long data are kept."""
    data_destroyed: str | None = None
    """How they are destroyed."""
    after_care: str | None = None
    """What you still do afterwards."""
    successor: str | None = None
    """Who takes over."""
    uncollected: str | None = None
    """What happens to what is not collected."""


class ContactChangeDetails(Details):
    """What changes, from what, to what, and how to make sure it is true."""

    what: str | None = None
    """What changes: a line, an address, an account."""
    old: str | None = None
    """As it was."""
    new: str | None = None
    """As it will be."""
    old_ends: Day | None = None
    """The last day of the old one."""
    verify: str | None = None
    """How the reader makes sure that this is true."""
    overlap: str | None = None
    """How long both work."""
    bank_account: StrictBool = False
    """Set it to true for a bank account: two approvals are then required, and the page carries a warning."""


class ServicePlanDetails(Details):
    """What a client may count on."""

    covers: str | None = None
    """What is included."""
    excludes: str | None = None
    """What is not."""
    hours: str | None = None
    """When you are there."""
    response: str | None = None
    """How fast you answer."""
    document_deadline: str | None = None
    """By when documents must arrive."""
    complaints: str | None = None
    """Where to complain."""
    valid_until: Day | None = None
    """Until when it holds."""
    compensation: str | None = None
    """What is promised if you fail."""
    reduced: StrictBool = False
    """Whether the client gets less than before."""


class MaintenanceDetails(Details):
    """What will be down, when, and what to use meanwhile."""

    starts: Moment | None = None
    """From when."""
    ends: Moment | None = None
    """Until when."""
    systems: str | None = None
    """What will be down."""
    effect: str | None = None
    """What the client notices."""
    instead: str | None = None
    """What to use meanwhile."""
    recovery_notice: str | None = None
    """How you tell that it works again."""


class IncidentDetails(Details):
    """What happened and where things stand."""

    found_at: Moment | None = None
    """When it was found."""
    symptom: str | None = None
    """What happens."""
    periods: str | None = None
    """The periods concerned."""
    late_fees: str | None = None
    """Who bears late fees."""
    state: str | None = None
    """Where things stand."""
    next_update: Moment | None = None
    """When you will say more."""
    closed_at: Moment | None = None
    """When it was over."""
    cause: str | None = None
    """Why it happened."""
    remedy: str | None = None
    """What was done."""
    prevention: str | None = None
    """What keeps it from happening again."""


class PolicyDetails(Details):
    """Whose rule it is and what it says."""

    document: str | None = None
    """Its number."""
    authority: str | None = None
    """Who issued it."""
    link: str | None = None
    """The original."""
    valid_until: Day | None = None
    """Until when it holds."""
    whom: str | None = None
    """Whom it concerns."""
    points: tuple[str, ...] = ()
    """What it says."""
    checked_on: Day | None = None
    """When you last compared this with the original."""
    example: str | None = None
    """An example."""
    regional: str | None = None
    """How it is read in your region."""


class ImprovementDetails(Details):
    """What was wrong, what was done, and the figures before and after."""

    wrong: str | None = None
    """What was wrong."""
    done: str | None = None
    """What was done."""
    done_on: Day | None = None
    """When."""
    before: str | None = None
    """The figure before."""
    after: str | None = None
    """The figure after."""


DETAILS: MappingProxyType[Kind, type[Details]] = MappingProxyType(
    {
        Kind.SERVICE_ADJUSTMENT: ServiceAdjustmentDetails,
        Kind.FEE_CHANGE: FeeChangeDetails,
        Kind.CONTRACT_TERMINATION: ContractTerminationDetails,
        Kind.CONTACT_CHANGE: ContactChangeDetails,
        Kind.SERVICE_PLAN: ServicePlanDetails,
        Kind.MAINTENANCE: MaintenanceDetails,
        Kind.INCIDENT: IncidentDetails,
        Kind.POLICY: PolicyDetails,
        Kind.IMPROVEMENT: ImprovementDetails,
        Kind.GENERAL: Details,
    }
)
"""The `details` model of each kind."""


class Demand(Block):
    """What the house rules ask of a notice of one kind. Keys are front matter keys, `details.x` for those inside."""

    required: tuple[str, ...] = ()
    """What a notice of this kind must have. Replaces the whole list."""
    recommended: tuple[str, ...] = ()
    """What it is better for. Replaces the whole list."""
    lead_days: int = Field(0, ge=0)
    """Calendar days that must lie between publication and the date in force."""
    reduced_lead_days: int = Field(0, ge=0)
    """The same where `details.reduced` says that the client gets less than before."""
    closing_days: int = Field(0, ge=0)
    """Working days within which an incident is to be closed; 0: no matter."""
    outside_filing: StrictBool = False
    """Whether it may not fall into a filing period."""
    approvals: tuple[str, ...] = ()
    """The roles that must have approved it."""

    def over(self, changes: dict[str, Any]) -> Demand:
        """This demand with what a portal's configuration says instead."""
        return Demand.model_validate({**self.model_dump(), **changes})


def _of(*details: str) -> tuple[str, ...]:
    return tuple(f"details.{name}" for name in details)


DEMANDS: MappingProxyType[Kind, Demand] = MappingProxyType(
    {
        Kind.SERVICE_ADJUSTMENT: Demand.model_construct(
            required=("reason", "scope", "effective", "action", "owner", *_of("before", "after", "fees_change")),
            recommended=("objection", *_of("alternative", "compensation")),
            lead_days=14,
        ),
        Kind.FEE_CHANGE: Demand.model_construct(
            required=(
                "reason",
                "scope",
                "exceptions",
                "comparison",
                "effective",
                "action",
                "objection",
                "owner",
                *_of("basis", "prepaid"),
            ),
            recommended=("evidence", "value", *_of("yearly", "tax", "agreement")),
            lead_days=30,
            approvals=("legal",),
        ),
        Kind.CONTRACT_TERMINATION: Demand.model_construct(
            required=(
                "reason",
                "effective",
                "action",
                "owner",
                *_of(
                    "contract",
                    "ends_on",
                    "last_tax_period",
                    "responsibility",
                    "handover",
                    "settlement",
                    "invoices",
                    "seals",
                    "data_kept_until",
                    "data_destroyed",
                ),
            ),
            recommended=_of("after_care", "successor", "uncollected"),
            lead_days=30,
            outside_filing=True,
            approvals=("legal", "management"),
        ),
        Kind.CONTACT_CHANGE: Demand.model_construct(
            required=("effective", "action", "owner", *_of("what", "old", "new", "old_ends", "verify")),
            recommended=_of("overlap"),
            lead_days=7,
        ),
        Kind.SERVICE_PLAN: Demand.model_construct(
            required=(
                "effective",
                "action",
                "owner",
                *_of("covers", "excludes", "hours", "response", "document_deadline", "complaints", "valid_until"),
            ),
            recommended=_of("compensation"),
            reduced_lead_days=30,
        ),
        Kind.MAINTENANCE: Demand.model_construct(
            required=("effective", "action", "owner", *_of("starts", "ends", "systems", "effect", "instead")),
            recommended=_of("recovery_notice"),
            lead_days=3,
            outside_filing=True,
        ),
        Kind.INCIDENT: Demand.model_construct(
            required=("action", "owner", *_of("found_at", "symptom", "periods", "late_fees", "state", "next_update")),
            recommended=_of("cause", "remedy", "prevention"),
            closing_days=5,
        ),
        Kind.POLICY: Demand.model_construct(
            required=(
                "effective",
                "action",
                "owner",
                *_of("document", "authority", "link", "whom", "points", "checked_on"),
            ),
            recommended=_of("valid_until", "example", "regional"),
            lead_days=3,
        ),
        Kind.IMPROVEMENT: Demand.model_construct(
            required=("answers", "owner", *_of("wrong", "done", "done_on")),
            recommended=_of("before", "after"),
        ),
        Kind.GENERAL: Demand.model_construct(recommended=("summary", "scope", "expires")),
    }
)
"""The demands of each kind, before configuration."""
