"""Retention: who comes back, when, for how much in all, and who is lost."""

from __future__ import annotations

from journeykit.insight.measures.measure import Measure

_DAY = 86_400

MEASURES = (
    Measure(
        name="customer lifetime value",
        group="retention",
        unit="money",
        formula="what customers have spent so far, less refunds / customers who have ordered so far",
        window="everything before the period's end (historic value: nothing is forecast)",
        source="https://en.wikipedia.org/wiki/Customer_lifetime_value, the historic part",
        cases=(
            "Cancelled orders are left out; who has no other counts as nobody who has ordered.",
            "Refunds are taken off the order they belong to, whenever they came; a refund without an amount is one of everything.",
            "Orders without an amount or in another currency are left out.",
            "What customers spent before the record begins is not known.",
        ),
        sql="""
            select p.period, null as label, sum(o.net) as count, count(distinct o.customer) as out_of
            from {periods} p join {orders} o on o.occurred_at < p.until
            where o.cancelled = 0 and o.amount is not null
            group by p.period""",
    ),
    Measure(
        name="repeat purchase rate",
        group="retention",
        unit="share",
        formula="customers who ordered in the period and had ordered before (on another day) / customers who ordered in the period",
        window="orders of the period; what came before, since the record begins",
        source="https://ecommercedb.com/glossary/repeat-customer-rate; purchases are days with an order, as in Fader, Hardie and Lee (2005), Marketing Science 24(2)",
        cases=(
            "Several orders of one day are one purchase: who orders the forgotten thing an hour later has not come back.",
            "A first order before the period makes the first one in it a repeat; a first order before the record begins is not known.",
            "Cancelled orders are none.",
        ),
        sql="""
            select period, null as label, sum(again) as count, count(*) as out_of from (
                select p.period, o.customer, max(case when o.purchase > 1 then 1 else 0 end) as again
                from {periods} p join {purchases} o on o.occurred_at >= p.since and o.occurred_at < p.until
                group by p.period, o.customer) as bought
            group by period""",
    ),
    Measure(
        name="time between purchases",
        group="retention",
        unit="seconds",
        better="down",
        formula="mean time from the purchase before to a purchase of the period, in whole days",
        window="purchases of the period that are not a customer's first",
        source="inter-purchase time, Fader, Hardie and Lee (2005), Marketing Science 24(2)",
        cases=(
            "Purchases are days of the zone with an order, so it is at least one day.",
            "Who has not come back yet is in no mean: in a young record it is too short, see survival.",
        ),
        sql=f"""
            select p.period, null as label, sum(o.day - o.day_before) * {_DAY} as count, count(*) as out_of
            from {{periods}} p join {{purchases}} o on o.occurred_at >= p.since and o.occurred_at < p.until
            where o.purchase > 1
            group by p.period""",  # noqa: S608  names of our own
    ),
    Measure(
        name="churn rate",
        group="retention",
        unit="share",
        better="down",
        formula="customers active when the period began who were lost when it ended / customers active when it began; "
        "active is who did something in the days that the settings name (churn)",
        window="the period, and that many days before its begin",
        source="https://en.wikipedia.org/wiki/Churn_rate",
        cases=(
            "Who was lost meanwhile and has come back is not lost.",
            "Who came for the first time during the period was not there when it began.",
            "For a period that begins with the record there is nobody to lose, and no rate.",
            "What happened before the record begins is not known: the first rates rest on few.",
            "A customer belongs to the segment, and to the journey, that they were in when they last did something.",
        ),
        sql="""
            select p.period, null as label, count(*) - count(b.customer) as count, count(*) as out_of
            from {periods} p join {active} a on a.occurred_at < p.since and a.until >= p.since
            left join {active} b on b.customer = a.customer and b.occurred_at < p.until and b.until >= p.until
            group by p.period""",
    ),
    Measure(
        name="cancellation rate",
        group="retention",
        unit="share",
        better="down",
        formula="subscribers when the period began who cancelled in it / subscribers when it began",
        window="the period",
        source="https://en.wikipedia.org/wiki/Churn_rate",
        cases=(
            "Who cancels and subscribes again in the period has cancelled.",
            "Who cancels without ever having subscribed did so before the record begins, and was a subscriber until then.",
            "A customer is a subscriber or is not, however many subscriptions they have.",
        ),
        sql="""
            select p.period, null as label, sum(case when s.until < p.until then 1 else 0 end) as count, count(*) as out_of
            from {periods} p join {subscriptions} s on s.occurred_at < p.since and s.until >= p.since
            group by p.period""",
    ),
    Measure(
        name="cohort retention",
        group="retention",
        unit="share",
        by="month of the first purchase and months since, 2026-01 +2",
        formula="customers of a cohort who ordered in the month that many months later / customers of the cohort",
        window="orders of the period; a cohort are those whose first purchase lies in one month of the zone",
        source="cohort analysis, https://en.wikipedia.org/wiki/Cohort_analysis",
        cases=(
            "The first order may lie before the period; it is the first since the record begins, so the first cohorts hold old customers as well.",
            "A month that the period or the record cuts off is told as far as it goes.",
            "Cancelled orders are none.",
        ),
        sql="""
            select p.period, o.cohort || ' +' || (o.month_number - o.cohort_number) as label,
                count(distinct o.customer) as count, max(c.customers) as out_of
            from {periods} p join {purchases} o on o.occurred_at >= p.since and o.occurred_at < p.until
            join (select cohort, count(distinct customer) as customers from {purchases} a where purchase = 1 group by cohort) as c
                on c.cohort = o.cohort
            group by p.period, o.cohort, o.month_number - o.cohort_number""",
    ),
)
