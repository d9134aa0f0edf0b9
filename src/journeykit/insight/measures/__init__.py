"""The numbers of each stage, one module for each."""

from journeykit.insight.measures import advocacy, awareness, consideration, engagement, experience, journeys, purchase, retention
from journeykit.insight.measures.measure import Measure

#: all numbers, in the order of the stages
MEASURES: tuple[Measure, ...] = (
    *awareness.MEASURES,
    *consideration.MEASURES,
    *purchase.MEASURES,
    *retention.MEASURES,
    *advocacy.MEASURES,
    *experience.MEASURES,
    *engagement.MEASURES,
    *journeys.MEASURES,
)
