"""The library's side of the rows about simulations: a shop with two journeys and four policies, and customers who behave like some."""

from __future__ import annotations

import os
import resource
from collections.abc import Callable

from journeykit import Catalog, Do, Goal, Journey, Step
from journeykit.rehearsal import read_population, simulate

Clock = Callable[[], float]

CART = Journey(
    "recover-cart", key="cart_id", entry="Product Added", goal=Goal("Order Completed", end="bought"),
    steps=[
        Step("left", stage="consideration", wait="2 hours", when={"Product Added": "left"}),
        Step("reminded", do=Do("email", template="cart-reminder"), wait="3 days"),
    ],
)  # fmt: skip
WIN_BACK = Journey(
    "win-back", entry="Order Completed", reentry="always", when={"Order Completed": "quiet"},
    steps=[Step("quiet", stage="retention", wait="30 days"), Step("asked", do=Do("email", template="come-back"), wait="14 days")],
)  # fmt: skip
MANNERS = Catalog(policies=["consent", "hold out 10% as control", "quiet 22:00 to 08:00, missing zone UTC", "at most 2 in 7 days"])
PEOPLE = """
begin: {Product Added: 100%}
arrival: {over: 300 days, hours: {8-12: 30%, 12-22: 70%}}
zones: {Europe/Berlin: 70%, Europe/London: 30%}
consent: {email: 80%}
events:
  Product Added:
    properties: {cart_id: new, price: 500 to 9000}
    next: {Order Completed: 30% within 4 hours, Product Added: 60% around 20 days}
  Order Completed:
    properties: {cart_id: same, total: 1000 to 20000}
    next: {Product Added: 70% around 30 days}
after: {email: {Email Opened: 30% within 1 day}}
"""


def simulated(clock: Clock, customers: int = 100_000) -> float:
    """Seconds for so many customers over a year, in as many processes as there are processors."""
    begin = clock()
    _simulate(customers, os.cpu_count() or 1)
    return clock() - begin


def simulated_memory(clock: Clock, customers: int = 20_000) -> float:
    """By how many megabytes one process grows that simulates 20,000 customers, beyond what 2,000 take."""
    _simulate(min(2_000, customers), 1)
    before = _peak()
    _simulate(customers, 1)
    return _peak() - before


def _simulate(customers: int, processes: int) -> None:
    found = simulate([CART, WIN_BACK, MANNERS], read_population(PEOPLE), customers=customers, processes=processes)
    assert found.counts.customers == customers
    assert found.counts.performed.total() > customers


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024
