"""The rows about the numbers of large histories: tables, every number and the page, out of the files that `journeykit export` writes."""

from __future__ import annotations

import multiprocessing
import resource
import tempfile
from collections.abc import Callable
from pathlib import Path

import many

from journeykit.insight import Insight
from journeykit.insight.engines.duck import DuckLake
from journeykit.insight.figures import Slice
from journeykit.insight.map.page import page
from journeykit.insight.map.view import view
from journeykit.insight.settings.kpis import Kpi
from journeykit.insight.settings.settings import Settings

Clock = Callable[[], float]

SHOP = Settings(
    zone="Europe/Berlin", currency="EUR",
    kpis={
        "lifecycle": (Kpi("repeat purchase rate", True, 0.2, "marketing", "monthly"), Kpi("conversion rate", True, 0.3, "sales", "monthly")),
        "recover-cart": (Kpi("cart abandonment rate", False, 0.6, "marketing", "monthly"),),
    },
)  # fmt: skip


def whole(clock: Clock, customers: int) -> float:
    """Seconds from the files to the page: tables, every number of all time and of each month, and everything that the page offers."""
    folder = _history(customers)
    begin = clock()
    _page(_numbers(_tables(folder)))
    return clock() - begin


def warm(clock: Clock, customers: int) -> float:
    """The same where the tables are made already."""
    insight = _tables(_history(customers))
    begin = clock()
    _page(_numbers(insight))
    return clock() - begin


def memory(clock: Clock, customers: int) -> float:
    """The most memory that the process had, in megabytes, everything included."""
    _page(_numbers(_tables(_history(customers))))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def size(clock: Clock, customers: int) -> float:
    """Megabytes of the page."""
    return len(_page(_tables(_history(customers))).encode()) / 1e6


def _history(customers: int) -> Path:
    """The files; what they are made with is a process of its own, whose memory is not counted."""
    folder = Path(tempfile.mkdtemp())
    maker = multiprocessing.get_context("spawn").Process(target=many.history, args=(folder, customers))
    maker.start()
    maker.join()
    assert (folder / "definitions.parquet").is_file()
    return folder


def _tables(folder: Path) -> Insight:
    lake = DuckLake(threads=2, memory="3GiB", spill=folder / "spill")
    lake.read(folder)
    return Insight(lake, SHOP)


def _numbers(insight: Insight) -> Insight:
    everything = Slice(insight.span)
    for measure in insight.measures():
        assert insight.figures(measure.name, everything) is not None
        assert len(insight.series(measure.name, everything, "month")) > 2
    return insight


def _page(insight: Insight) -> str:
    shown = page(view(insight, at=insight.span.end))
    assert "recover-cart" in shown
    return shown
