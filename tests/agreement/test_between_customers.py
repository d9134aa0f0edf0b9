"""
Customers who start each other's journeys come to the same, however late the worker that decides for them (invariance 3).

Their events are only accepted: one that is decided at once is decided before what others have yet to send.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from agreement.generators import Happening, shops
from agreement.test_invariances import END, PLENTY, Run, enough, seen
from journeykit.model.messages import Event
from journeykit.model.records import Want

EVERYBODY = ("ann", "bob", "cid")


def test_a_late_worker_comes_to_the_same(examples: int) -> None:
    """Looked at whenever something is due, or once at the very end: what one has sent another arrives when it was sent."""
    counted: Counter[str] = Counter()
    number = max(60, examples // 2)
    for seed, shop in shops(number):
        story = [*shop.happenings, Happening(shop.happenings[-1].at + END, None)]
        late, punctual = accepted(Run(shop), story), Run(shop)
        late.engine.run_due()
        for one in story:
            while (due := soonest(punctual)) is not None and due < one.at:
                punctual.go_to(due + 1)
                assert punctual.engine.run_due(), f"seed {seed}: nothing is decided of what is due"
                counted["looked"] += 1
            accepted(punctual, [one])
        punctual.engine.run_due()
        assert accounts(punctual) == accounts(late), f"seed {seed}"
        counted["sent"] += sum(sent(one.event) for customer in EVERYBODY for one in late.log(customer))
        seen(counted, late)
    enough(counted, number, **PLENTY, looked=500, sent=20)


def accepted(run: Run, story: Iterable[Happening]) -> Run:
    """Put into the mailboxes what happens in a story."""
    for one in story:
        run.go_to(one.at)
        if one.event is not None:
            run.storage.accept([(one.event, run.clock.now())])
    return run


def soonest(run: Run) -> int | None:
    """The first moment at which somebody has mail or a timer."""
    everybody = run.storage.load_many([Want(customer, None) for customer in EVERYBODY])
    timers = [e.next_due for one in everybody for e in one.enrollments if e.next_due is not None]
    return min((*timers, *(mail.accepted_at for one in everybody for mail in one.pending)), default=None)


def accounts(run: Run) -> list[str]:
    """What has become of everybody."""
    return [run.account(customer) for customer in EVERYBODY]


def sent(event: Event) -> bool:
    """Whether somebody else's journey has sent it."""
    return event.name == "$enter" and "from" in event.properties
