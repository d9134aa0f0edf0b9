"""What a shop says about its numbers: what its events are called, which currency and zone it counts in, what it wants to reach."""

from __future__ import annotations

from attrs import field, frozen

from journeykit.insight.settings.kpis import Kpi


@frozen(kw_only=True)
class Settings:
    """
    What insight needs to know of a shop. It is no part of a journey: a new target makes no new version of it.

    Attributes:
        zone: the IANA zone whose days, weeks and months are counted.
        currency: the currency of amounts; an order in another is set aside and counted. The first one met where not said.
        decimals: how many decimals of the currency amounts have: 0 where they are whole minor units, as everywhere here; 2 for ``12.50``.
        events: for a name of the vocabulary (Segment's e-commerce names) what the shop calls it, where it calls it otherwise.
        properties: the same for properties.
        channels: over which channel an action goes; its own name where not said.
        test: the trait that marks test customers; who has it (true) is in no number.
        churn: after how many days without an event a customer counts as lost.
        kpis: for each journey the few numbers it answers for.
    """

    zone: str = "UTC"
    currency: str | None = None
    decimals: int = 0
    events: dict[str, tuple[str, ...]] = field(factory=dict)
    properties: dict[str, tuple[str, ...]] = field(factory=dict)
    channels: dict[str, str] = field(factory=dict)
    test: str | None = None
    churn: float = 90.0
    kpis: dict[str, tuple[Kpi, ...]] = field(factory=dict)
