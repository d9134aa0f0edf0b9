"""A review as people read it: lines of 80 columns for a terminal or a mail, or Markdown."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

from journeykit.insight.figures import Figure, Period
from journeykit.insight.reports.review import JourneyReview, Loss, NewVersion, Review, Shift, Target
from journeykit.insight.settings.targets import target_text
from journeykit.insight.words import NOTHING, counted, day, days, plural, shown

WIDTH = 80
UNIT = {"weekly": "week", "monthly": "month", "quarterly": "quarter"}
STANDING = {True: "met", False: "missed", None: "unknown"}

SILENT = "silent"  #: the reason of those who did nothing any longer

_CHANCE = "No more than chance apart: with nothing changed, shares differ as much in more than one of twenty periods."
_BARS = "▁▂▃▄▅▆▇█"
_SHORT = 8  #: digits of a version that people are shown
_MARKS = str.maketrans({sign: f"\\{sign}" for sign in "\\`*_[]<>|#~"})


def text(review: Review) -> str:
    """The review for a terminal or a plain mail, at most 80 columns wide."""
    lines = [_title(review), *_wrapped(_about(review)), ""]
    for journey in review.journeys:
        name = _cut(_plain(journey.journey), WIDTH)
        lines += [name, "-" * len(name), *_wrapped(headline(journey)), ""]
        for target in journey.targets:
            lines += [*_target(target, review), ""]
        if journey.stages:
            lines += [*_stages(journey, review), ""]
        for title, told in _sections(journey, review):
            lines += [title, *(line for one in told for line in _wrapped(one, "  - ", "    ")), ""]
    lines += ["How it is counted", *(line for one in definitions(review) for line in _wrapped(one, "  - ", "    "))]
    return "\n".join(lines) + "\n"


def markdown(review: Review) -> str:
    """The review as Markdown, for a wiki, a pull request or a chat."""
    lines = [f"# {_title(review)}", "", _about(review), ""]
    for journey in review.journeys:
        lines += [f"## {_safe(journey.journey)}", "", _safe(headline(journey)), "", *_table(journey, review), ""]
        if journey.stages:
            lines += [*_stage_table(journey, review), ""]
        for title, told in _sections(journey, review):
            lines += [f"**{title}**", "", *(f"- {_safe(one)}" for one in told), ""]
    lines += ["**How it is counted**", "", *(f"- {_safe(one)}" for one in definitions(review))]
    return "\n".join(lines) + "\n"


# -- what is said ----------------------------------------------------------------------------------------------------------


def headline(journey: JourneyReview) -> str:
    """What somebody with no time has to know."""
    known = [target for target in journey.targets if target.met is not None]
    missed = [f"{target.kpi.measure} ({target.kpi.owner})" for target in known if not target.met]
    unknown = [target.kpi.measure for target in journey.targets if target.met is None]
    said = [_nobody(journey)] if not journey.known else []
    if known:
        said.append(f"{len(known) - len(missed)} of {plural(len(known), 'target')} met.")
    if missed:
        said.append(f"Missed: {_listed(missed)}.")
    if unknown:
        said.append(f"Nothing to count for {_listed(unknown)}.")
    return " ".join(said)


def definitions(review: Review) -> list[str]:
    """How each number of the review is counted, once."""
    measures = {target.measure.name: target.measure for journey in review.journeys for target in journey.targets}
    said = [f"{name}: {measure.formula.rstrip('.')}." for name, measure in measures.items()]
    return said + [_CHANCE] * any(target.direction == "chance" for journey in review.journeys for target in journey.targets)


def history(target: Target, review: Review) -> str:
    """How a number came about: what it was before, and whether that is better."""
    before = f"{shown(target.before.value, target.before.unit, review.currency)} the {UNIT[review.rhythm]} before"
    if target.direction == "unknown":
        return before if target.before.value is not None else f"no number the {UNIT[review.rhythm]} before"
    if target.direction == "chance":
        return f"{before}, no more than chance apart"
    if target.direction == "same":
        return f"{before}, the same"
    row = f", {target.run} {UNIT[review.rhythm]}s in a row" if target.run > 1 else ""
    return f"{before}, {target.direction}{row}"


def curve(target: Target) -> str:
    """The numbers of the periods looked back on, as a row of small bars; a dot where there is none."""
    values = [figure.value for _, figure in target.trend]
    known = [value for value in values if value is not None]
    if len(known) < 3:
        return ""
    low, high = min(known), max(known)
    size = (high - low) or 1
    return "".join("·" if value is None else _BARS[round((value - low) / size * (len(_BARS) - 1))] for value in values)


def _title(review: Review) -> str:
    return f"{review.rhythm.capitalize()} review, {days(review.period, review.zone)}"


def _about(review: Review) -> str:
    unit = UNIT[review.rhythm]
    said = f"The {unit} before is {days(review.before, review.zone)}. Days are those of {review.zone}."
    if not review.last:
        return f"{said} Nothing has happened yet."
    if review.last <= review.period.begin:
        return f"{said} Nothing happened in this {unit}; the last that did was on {day(review.last - 1, review.zone)}."
    if review.last < review.period.end - _quiet(review.period):
        return f"{said} The last that happened was on {day(review.last - 1, review.zone)}: the {unit} is not complete."
    return said


def _quiet(period: Period) -> int:
    """How long nothing may happen at the end of a period before it is worth a word: a seventh of it."""
    return (period.end - period.begin) // 7


def _nobody(journey: JourneyReview) -> str:
    return "Nobody has ever entered a journey of this name."


def _sections(journey: JourneyReview, review: Review) -> Iterator[tuple[str, list[str]]]:
    if not journey.known:
        return
    yield "What changed", [*changes(journey, review)]
    if journey.losses:
        yield "Where customers are lost", [*losses(journey)]


def changes(journey: JourneyReview, review: Review) -> Iterator[str]:
    """What changed since the period before, in sentences."""
    unit = UNIT[review.rhythm]
    if journey.entered.after.count or journey.entered.before.count:
        yield _entered(journey, unit)
    yield from (_version(one, review) for one in journey.versions)
    yield from (_shift(one, unit) for one in journey.shifts)
    if not journey.shifts:
        yield "from no step did customers go another way than before, by more than chance"


def standing(journey: JourneyReview, review: Review) -> Iterator[tuple[str, ...]]:
    """Where customers stand, stage by stage: a heading, and a row for each."""
    yield ("Where they stand", "at the end", f"the {UNIT[review.rhythm]} before", "came in", "ended")
    for stage in journey.stages:
        before = f"{stage.before.still:,}" if stage.before else NOTHING
        yield (stage.after.step, f"{stage.after.still:,}", before, f"{stage.after.arrived:,}", f"{stage.after.left:,}")


def losses(journey: JourneyReview) -> Iterator[str]:
    """Where customers were lost, in sentences."""
    for one in journey.losses:
        reason = one.reason if one.reason == SILENT else f"ended: {one.reason or 'nobody knows why'}"
        share = f" ({shown(one.customers / journey.lost, 'share')} of all who were lost)" if one.customers < journey.lost else ""
        yield f'{plural(one.customers, "customer")} in "{one.step}", {reason}{share}{_last(one)}'


def _last(loss: Loss) -> str:
    """The last things before; how many of each, where there are several."""
    if not loss.last:
        return ""
    told = [name if len(loss.last) == 1 else f"{name} ({count:,})" for name, count in loss.last]
    return f"; the last thing before was {_listed(told)}"


def _entered(journey: JourneyReview, unit: str) -> str:
    now, before = journey.entered.after.count, journey.entered.before.count
    more = "" if not before or now == before else f", {_times(now / before)}"
    return f"{plural(now, 'entry', 'entries')}, {before:,.0f} the {unit} before{more}"


def _times(ratio: float) -> str:
    if ratio >= 2:
        return f"{shown(ratio, 'number')} times as many"
    return f"{abs(ratio - 1):.0%} {'more' if ratio > 1 else 'fewer'}"


def _shift(shift: Shift, unit: str) -> str:
    way = "ended there" if shift.target is None else f'went on to "{shift.target}"'
    return f'of those who left "{shift.step}" {_share(shift.after)} {way}, {_share(shift.before)} the {unit} before'


def _version(new: NewVersion, review: Review) -> str:
    its = f"{_part(new.its.share, new.its.converted, new.its.entered)} of those who entered it reached the goal"
    others = f", {_part(new.others.share, new.others.converted, new.others.entered)} on other versions" if new.others else ""
    return f"version {new.version[:_SHORT]}, in use since {day(new.since, review.zone)}: {its}{others}"


def _share(figure: Figure) -> str:
    return _part(figure.value, figure.count, figure.of or 0)


def _part(share: float | None, count: float, of: float) -> str:
    return f"{shown(share, 'share')} ({count:,.0f} of {of:,.0f})" if share is not None else f"{NOTHING} (0 of 0)"


# -- lines of 80 columns ---------------------------------------------------------------------------------------------------


def _target(target: Target, review: Review) -> Iterator[str]:
    standing = STANDING[target.met].upper()
    figure = shown(target.figure.value, target.figure.unit, review.currency)
    wanted = target_text(target.kpi, target.measure.unit, review.currency)
    yield f"{standing:<8}{target.kpi.measure:<29}{figure:>13}  {wanted:<19} {curve(target)}".rstrip()
    told = "; ".join(part for part in (target.kpi.owner, counted(target.figure), history(target, review)) if part)
    yield from _wrapped(told, " " * 8, " " * 8)


def _stages(journey: JourneyReview, review: Review) -> Iterator[str]:
    for first, *rest in standing(journey, review):
        yield f"{_cut(_plain(first), 25):<25}{''.join(cell.rjust(width) for cell, width in zip(rest, (12, 20, 11, 12), strict=True))}"


def _cut(name: str, most: int) -> str:
    return name if len(name) <= most else f"{name[: most - 3]}..."


def _wrapped(line: str, first: str = "", rest: str = "") -> list[str]:
    return textwrap.wrap(
        _plain(line), WIDTH, initial_indent=first, subsequent_indent=rest, break_long_words=True, break_on_hyphens=False,
    )  # fmt: skip


def _plain(line: str) -> str:
    """Without signs that would move the cursor: names are customers' and shops' own."""
    return "".join(sign if sign.isprintable() else " " for sign in line)


# -- Markdown --------------------------------------------------------------------------------------------------------------


def _table(journey: JourneyReview, review: Review) -> Iterator[str]:
    yield "| | number | figure | target | owner | history | trend |"
    yield "|---|---|---:|---|---|---|---|"
    for target in journey.targets:
        cells = (
            f"**{STANDING[target.met]}**",
            _safe(target.kpi.measure),
            _figure(target, review),
            target_text(target.kpi, target.measure.unit, review.currency),
            target.kpi.owner,
            history(target, review),
            curve(target),
        )
        yield f"| {' | '.join(cells)} |"


def _stage_table(journey: JourneyReview, review: Review) -> Iterator[str]:
    heading, *rows = standing(journey, review)
    yield f"| {' | '.join(heading)} |"
    yield f"|---{'|---:' * (len(heading) - 1)}|"
    yield from (f"| {' | '.join(_safe(cell) for cell in row)} |" for row in rows)


def _figure(target: Target, review: Review) -> str:
    of = counted(target.figure)
    return f"{shown(target.figure.value, target.figure.unit, review.currency)}{f' ({of})' if of else ''}"


def _safe(line: str) -> str:
    """Text that Markdown takes for nothing else."""
    return _plain(line).translate(_MARKS)


def _listed(several: Iterable[str]) -> str:
    *rest, last = several
    return f"{', '.join(rest)} and {last}" if rest else last
