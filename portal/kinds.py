"""The kinds of notice: what each adds in its `details` block, and what each demands.

The demands are the working judgement of practitioners, not law; `extra.duenotice.kinds` in mkdocs.yml replaces any
of them.
"""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType
from typing import Any

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
    """A closed block of front matter: an unknown key in it is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class Details(Block):
    """What a kind adds; `general` adds nothing."""


class ServiceAdjustmentDetails(Details):
    """What the service was and will be."""

    before: str | None = None
    after: str | None = None
    fees_change: str | None = None
    """Whether fees change with it, in words: 'no', or 'see notice fees-2027'."""
    alternative: str | None = None
    compensation: str | None = None


class FeeChangeDetails(Details):
    """On what ground the fee changes and what becomes of what was paid."""

    basis: str | None = None
    """The clause of the contract that allows the change."""
    period: str | None = None
    tax: str | None = None
    """Whether the amounts include tax, and at what rate."""
    prepaid: str | None = None
    yearly: str | None = None
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
    ends_on: Day | None = None
    last_tax_period: str | None = None
    responsibility: tuple[Responsibility, ...] = ()
    handover: tuple[Handover, ...] = ()
    settlement: str | None = None
    invoices: str | None = None
    seals: str | None = None
    data_kept_until: Day | None = None
    data_destroyed: str | None = None
    after_care: str | None = None
    successor: str | None = None
    uncollected: str | None = None


class ContactChangeDetails(Details):
    """What changes, from what, to what, and how to make sure it is true."""

    what: str | None = None
    old: str | None = None
    new: str | None = None
    old_ends: Day | None = None
    verify: str | None = None
    overlap: str | None = None
    bank_account: StrictBool = False


class ServicePlanDetails(Details):
    """What a client may count on."""

    covers: str | None = None
    excludes: str | None = None
    hours: str | None = None
    response: str | None = None
    document_deadline: str | None = None
    complaints: str | None = None
    valid_until: Day | None = None
    compensation: str | None = None
    reduced: StrictBool = False


class MaintenanceDetails(Details):
    """What will be down, when, and what to use meanwhile."""

    starts: Moment | None = None
    ends: Moment | None = None
    systems: str | None = None
    effect: str | None = None
    instead: str | None = None
    recovery_notice: str | None = None


class IncidentDetails(Details):
    """What happened and where things stand."""

    found_at: Moment | None = None
    symptom: str | None = None
    periods: str | None = None
    late_fees: str | None = None
    state: str | None = None
    next_update: Moment | None = None
    closed_at: Moment | None = None
    cause: str | None = None
    remedy: str | None = None
    prevention: str | None = None


class PolicyDetails(Details):
    """Whose rule it is and what it says."""

    document: str | None = None
    authority: str | None = None
    link: str | None = None
    valid_until: Day | None = None
    whom: str | None = None
    points: tuple[str, ...] = ()
    checked_on: Day | None = None
    example: str | None = None
    regional: str | None = None


class ImprovementDetails(Details):
    """What was wrong, what was done, and the figures before and after."""

    wrong: str | None = None
    done: str | None = None
    done_on: Day | None = None
    before: str | None = None
    after: str | None = None


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
    recommended: tuple[str, ...] = ()
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
        Kind.SERVICE_ADJUSTMENT: Demand(
            required=("reason", "scope", "effective", "action", "owner", *_of("before", "after", "fees_change")),
            recommended=("objection", *_of("alternative", "compensation")),
            lead_days=14,
        ),
        Kind.FEE_CHANGE: Demand(
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
        Kind.CONTRACT_TERMINATION: Demand(
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
        Kind.CONTACT_CHANGE: Demand(
            required=("effective", "action", "owner", *_of("what", "old", "new", "old_ends", "verify")),
            recommended=_of("overlap"),
            lead_days=7,
        ),
        Kind.SERVICE_PLAN: Demand(
            required=(
                "effective",
                "action",
                "owner",
                *_of("covers", "excludes", "hours", "response", "document_deadline", "complaints", "valid_until"),
            ),
            recommended=_of("compensation"),
            reduced_lead_days=30,
        ),
        Kind.MAINTENANCE: Demand(
            required=("effective", "action", "owner", *_of("starts", "ends", "systems", "effect", "instead")),
            recommended=_of("recovery_notice"),
            lead_days=3,
            outside_filing=True,
        ),
        Kind.INCIDENT: Demand(
            required=("action", "owner", *_of("found_at", "symptom", "periods", "late_fees", "state", "next_update")),
            recommended=_of("cause", "remedy", "prevention"),
            closing_days=5,
        ),
        Kind.POLICY: Demand(
            required=(
                "effective",
                "action",
                "owner",
                *_of("document", "authority", "link", "whom", "points", "checked_on"),
            ),
            recommended=_of("valid_until", "example", "regional"),
            lead_days=3,
        ),
        Kind.IMPROVEMENT: Demand(
            required=("answers", "owner", *_of("wrong", "done", "done_on")),
            recommended=_of("before", "after"),
        ),
        Kind.GENERAL: Demand(recommended=("summary", "scope", "expires")),
    }
)
"""The demands of each kind, before configuration."""
