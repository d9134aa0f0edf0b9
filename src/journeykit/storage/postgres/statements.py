"""
The SQL of `journeykit.storage.postgres`, one named constant for each statement or part of one.

A `Part` reads its rows from ``{v}``, whose columns are ``{columns}``. Everything goes by index from there, row by row.
"""

from __future__ import annotations

from journeykit.storage.postgres.arguments import Part

CHANNEL = "journeykit"
#: Earlier than any moment. It stands in the indexes that are ordered by moments, to keep them out of sight of the planner where one
#: customer's rows are looked for: a million others may be due.
NEVER = -(2**63) + 1
#: Asked in the statement that writes: it costs a look at a table of a few rows, and nothing where nobody sleeps.
NOTIFY = f"(select pg_notify('{CHANNEL}', '') from journeykit_sleepers where asleep limit 1)"
#: In a host's transaction, of which nobody knows who will sleep when it commits.
NOTIFY_SURELY = f"(select pg_notify('{CHANNEL}', ''))"

# writing: the parts of the one statement of a commit

_CUSTOMER = "id text, base int8, revision int8, accepted_at int8, facts text, moments text, next_due int8"
CREATE_CUSTOMERS = Part(_CUSTOMER, """created as (insert into journeykit_customers(id, revision, accepted_at, facts, moments, next_due)
    select v.id, v.revision, v.accepted_at, coalesce(v.facts, '[1]'), v.moments, v.next_due from {v} order by v.id
    on conflict do nothing returning 1)""")  # fmt: skip
_MOVE = """moved as (update journeykit_customers c set revision = v.revision, accepted_at = v.accepted_at,
    facts = coalesce(v.facts, c.facts), moments = coalesce(v.moments, c.moments),
    next_due = case when v.moments is null then c.next_due else v.next_due end
    from {from} where c.id = v.id and c.revision = v.base returning 1)"""
MOVE_CUSTOMER = Part(_CUSTOMER, _MOVE.replace("{from}", "{v}"))
#: Whoever is held by another transaction is left out, which ends in a conflict that names them: a batch waits for nobody.
MOVE_CUSTOMERS = Part(_CUSTOMER, _MOVE.replace("{from}", """(
    select v.* from {v} join journeykit_customers h on h.id = v.id order by h.id for no key update of h skip locked) v"""))  # fmt: skip
WRITE_ENROLLMENTS = Part(
    "customer text, journey text, key text, number int8, definition text, position int8, status text, step text, visit int8, "
    "entered_at int8, ended_at int8, next_due int8, body text",
    """enrolled as (insert into journeykit_enrollments({columns}) select {columns} from {v}
    on conflict(customer, journey, key) do update set number = excluded.number, definition = excluded.definition,
    position = excluded.position, status = excluded.status, step = excluded.step, visit = excluded.visit,
    entered_at = excluded.entered_at, ended_at = excluded.ended_at, next_due = excluded.next_due, body = excluded.body)""",
)
DELETE_ENROLLMENTS = Part("customer text, journey text, key text", """removed as (delete from journeykit_enrollments e using {v}
    where e.customer = v.customer and e.journey = v.journey and e.key = v.key)""")  # fmt: skip
_EVENT = "customer, id, seq, accepted_at, occurred_at, name, properties, source, state, arrival"
WRITE_EVENTS = Part(
    "customer text, id text, seq int8, accepted_at int8, occurred_at int8, name text, properties text, source text, state text, arrival int8",
    """logged as (insert into journeykit_events as e({columns}) select {columns} from {v} order by v.customer, v.id
    on conflict(customer, id) do update set seq = excluded.seq, accepted_at = excluded.accepted_at, occurred_at = excluded.occurred_at,
    name = excluded.name, properties = excluded.properties, source = excluded.source, state = excluded.state, arrival = excluded.arrival
    where e.state <> 'decided' returning 1)""",
)
_HISTORY = "customer, seq, place, at, kind, journey, key, number, source, target, cause, reason, timers"
WRITE_HISTORY = Part(
    "customer text, seq int8, place int8, at int8, kind text, journey text, key text, number int8, source text, target text, cause text, "
    "reason text, timers text",
    "history as (insert into journeykit_history({columns}) select {columns} from {v})",
)
WRITE_MESSAGES = Part(
    "customer text, journey text, key text, number int8, seq int8, place int8, action text, parameters text, at int8, message text, "
    "expires_at int8, owner text, listens int8, state text, due_at int8",
    "messages as (insert into journeykit_outbox({columns}) select {columns} from {v} order by v.ord)",
)
#: No unique index: to wait for another transaction because it uses the same definition first would be absurd.
WRITE_DEFINITIONS = Part("hash text, journey text, text text", """defined as (insert into journeykit_definitions({columns})
    select {columns} from {v} where not exists (select from journeykit_definitions d where d.hash = v.hash))""")  # fmt: skip
TAKE_QUOTAS = Part("name text, taken int8, most int8", """taken as (insert into journeykit_quotas as q(name, taken, "limit")
    select v.name, v.taken, v.most from {v} where v.most is null or v.taken <= v.most order by v.name
    on conflict(name) do update set "limit" = excluded."limit", taken = q.taken + excluded.taken
    where excluded."limit" is null or q.taken + excluded.taken <= excluded."limit" returning 1)""")  # fmt: skip
#: Of those who are named, what stands in the six arrays behind them stays.
FORGET_WAITS = Part("customer text, journey text, key text", """forgotten as (delete from journeykit_waiting w using {v}
    where w.customer = v.customer and w.journey = v.journey and w.key = v.key and not exists (
        select from unnest(%s::text[], %s::text[], %s::int8[], %s::text[], %s::text[], %s::text[])
            n(event, object, entered_at, customer, journey, key)
        where (n.event, n.object, n.entered_at) = (w.event, w.object, w.entered_at)
        and (n.customer, n.journey, n.key) = (w.customer, w.journey, w.key)))""")  # fmt: skip
WRITE_WAITS = Part(
    "event text, object text, entered_at int8, customer text, journey text, key text, since int8",
    "waits as (insert into journeykit_waiting({columns}) select {columns} from {v} order by v.event, v.object, v.ord on conflict do nothing)",
)
_MAIL = "customer text, id text, accepted_at int8, occurred_at int8, name text, properties text, source text"
#: Known mail is left out; new mail stands behind what waits, in the order in which it is given.
_SEND = """mail as (insert into journeykit_events({columns}, state, arrival)
    select f.customer, f.id, f.accepted_at, f.occurred_at, f.name, f.properties, f.source, 'pending', f.nth + coalesce((
        select max(e.arrival) from journeykit_events e where e.customer = f.customer and e.state = 'pending'{but}), 0)
    from (select v.*, row_number() over (partition by v.customer order by v.ord) as nth from {v}
        where not exists (select from journeykit_events e where e.customer = v.customer and e.id = v.id)) f
    order by f.customer, f.id on conflict do nothing returning customer, id)"""
SEND_MAIL = Part(_MAIL, _SEND.replace("{but}", ""))
#: What is decided in the same statement stands in a list of its own before the rows.
SEND_MAIL_BUT = Part(_MAIL, "decided as (select * from unnest(%s::text[], %s::text[]) d(customer, id)), " + _SEND.replace("{but}", """
        and not exists (select from decided d where d.customer = e.customer and d.id = e.id)"""))  # fmt: skip
_SEND_ONE = """mail as (insert into journeykit_events({columns}, state, arrival)
    select {columns}, 'pending', 1 + coalesce((
        select max(e.arrival) from journeykit_events e where e.customer = v.customer and e.state = 'pending'), 0) from {v}
    on conflict do nothing returning customer, id)"""
_ACCEPTED = "select customer, id, {notify} from mail"
ACCEPT, ACCEPT_ONE = (Part(_MAIL, f"with {text.replace('{but}', '')} {_ACCEPTED.format(notify=NOTIFY)}") for text in (_SEND, _SEND_ONE))
ACCEPT_SURELY, ACCEPT_ONE_SURELY = (
    Part(_MAIL, f"with {text.replace('{but}', '')} {_ACCEPTED.format(notify=NOTIFY_SURELY)}") for text in (_SEND, _SEND_ONE)
)
#: A statement can take back what it wrote only by an error: counts that are not as they must be divide by nought.
DEMAND = "select 1 / (({counts})::int)"
COUNT = "(select count(*) from {part}) = %s::int8"
COPY_HISTORY = f"copy journeykit_history({_HISTORY}) from stdin"
COPY_MESSAGES = """copy journeykit_outbox(customer, journey, key, number, seq, place, action, parameters, at, message, expires_at, owner,
    listens, state, due_at) from stdin"""

REVISIONS = Part(
    "id text", "select c.id, c.revision from {v} join journeykit_customers c on c.id = v.id for no key update of c skip locked"
)
FIND_DECIDED = Part("customer text, id text", """select v.customer from {v}
    join journeykit_events e on e.customer = v.customer and e.id = v.id where e.state = 'decided'""")  # fmt: skip
SELECT_QUOTAS = "select name, taken from journeykit_quotas where name = any($1::text[])"
SELECT_QUOTA = "select taken from journeykit_quotas where name = $1"
KEEP = "insert into journeykit_kept values($1, $2) on conflict do nothing"
READ_KEPT = "select value from journeykit_kept where name = $1"

# loading: each part answers with its number, the place in what was asked for, five integers and six texts
#
# ``offset 0`` keeps each row's look into its table by itself. Joined otherwise, a table that was empty when it was last analyzed would be
# read whole, by a plan that is kept while it fills.

_ROWS = "{v} cross join lateral (select * from {table} r where {where} offset 0) e"
_ENROLLMENT = (
    "select 1, v.place, e.number, e.position, e.visit, e.entered_at, e.ended_at, e.journey, e.key, e.definition, e.status, e.step, e.body"
)


def _enrollments(columns: str, where: str) -> Part:
    rows = _ROWS.replace("{table}", "journeykit_enrollments").replace("{where}", f"r.customer = v.customer{where}")
    return Part(f"place int8, customer text{columns}", f"{_ENROLLMENT} from {rows}")


LOAD_CUSTOMERS = Part("id text", f"""select 0, v.ord, e.revision, e.accepted_at, e.next_due, null::int8, null::int8,
    e.facts, e.moments, null::text, null::text, null::text, null::text
    from {_ROWS.replace("{table}", "journeykit_customers").replace("{where}", "r.id = v.id")}""")  # fmt: skip
LOAD_ALL = _enrollments("", "")
LOAD_JOURNEY = _enrollments(", journey text", " and r.journey = v.journey")
LOAD_ACTIVE = _enrollments(", journey text", " and r.journey = v.journey and (r.ended_at is null or r.next_due is not null)")
LOAD_KEY = _enrollments(", journey text, key text", " and r.journey = v.journey and r.key = v.key")
LOAD_DUE = _enrollments(", until int8", " and r.next_due < v.until")
_PENDING = _ROWS.replace("{table}", "journeykit_events").replace("{where}", "r.customer = v.id and r.state = 'pending'")
LOAD_PENDING = Part("id text", f"""select 2, v.ord, e.seq, e.accepted_at, e.occurred_at, e.arrival, null,
    e.id, e.name, e.properties, e.source, e.state, null from {_PENDING}""")  # fmt: skip
_SEEN = _ROWS.replace("{table}", "journeykit_events").replace("{where}", "r.customer = v.customer and r.id = v.id").replace("*", "r.id", 1)
LOAD_SEEN = Part("place int8, customer text, id text", f"""select 3, v.place, null, null, null, null, null,
    e.id, null, null, null, null, null from {_SEEN}""")  # fmt: skip

# what is due: now, and how many rows to look at

WAITING = f"state = 'pending' and accepted_at > {NEVER}"  #: as the index says it
DUE = f"next_due > {NEVER}"

FIND_DUE = f"""with found as (select customer, min(ready) as ready from (
        (select next_due + 1 as ready, customer from journeykit_enrollments where {DUE} and next_due < $1 order by next_due, customer limit $2)
        union all
        (select next_due + 1, id from journeykit_customers where {DUE} and next_due < $1 order by next_due, id limit $2)
        union all
        (select accepted_at, customer from journeykit_events where {WAITING} and accepted_at <= $1
            order by accepted_at, customer limit $2)) due
    group by customer),
    free as (select c.id from found f join journeykit_customers c on c.id = f.customer for no key update of c skip locked)
    select f.customer from found f
    where f.customer in (select id from free) or not exists (select from journeykit_customers c where c.id = f.customer)
    order by f.ready, f.customer"""
ARE_THERE_MORE = f"""select
    (select count(*) from (select from journeykit_enrollments where {DUE} and next_due < $1 limit $2) e) = $2 or
    (select count(*) from (select from journeykit_customers where {DUE} and next_due < $1 limit $2) c) = $2 or
    (select count(*) from (select from journeykit_events where {WAITING} and accepted_at <= $1 limit $2) m) = $2"""
NEXT_DUE = f"""select least(
    (select min(next_due) + 1 from journeykit_enrollments where {DUE}),
    (select min(next_due) + 1 from journeykit_customers where {DUE}),
    (select min(accepted_at) from journeykit_events where {WAITING}),
    (select min(due_at) from journeykit_outbox where state = 'open'),
    (select min(due_at) from journeykit_objects where due_at is not null))"""

# the outbox

_MESSAGE = "customer, journey, key, number, seq, place, action, parameters, at, message, expires_at, owner, listens"
_MINE = ", ".join(f"o.{name}" for name in _MESSAGE.split(", "))
_LEASE = f"""update journeykit_outbox o set token = $1, due_at = $2, attempts = o.attempts + 1 from chosen c where o.id = c.id
    returning c.nth, c.lapsed, o.id, o.attempts - 1, {_MINE}, o.begun"""
#: The longest due, but nothing from the first one on whose lease ran out; or that one alone.
CLAIM = f"""with due as materialized (
        select id, due_at, token is not null as lapsed from journeykit_outbox where state = 'open' and due_at <= $3
        order by due_at, id limit $4 for no key update skip locked),
    chosen as (select id, nth, lapsed from (
        select id, lapsed, row_number() over w as nth, count(*) filter (where lapsed) over w as before from due
        window w as (order by due_at, id)) d where nth = 1 or before = 0)
    {_LEASE}"""
#: Claims under a cap are made one after another, so that of two one is the first.
CLAIM_ALONE = "select pg_advisory_xact_lock(hashtextextended(current_schema() || ' journeykit claims', 0))"
CLAIM_COMPANIONS = f"""with mine as (
        select o.id, o.due_at, v.ord from unnest($4::text[]) with ordinality as v(id, ord)
        join journeykit_outbox o on o.customer = v.id
        where o.state = 'open' and o.message = 'marketing' and o.token is null and o.due_at <= $3 for no key update of o skip locked),
    chosen as (select id, row_number() over (order by ord, due_at, id) as nth, false as lapsed from mine)
    {_LEASE}"""
READ_SENT = """select o.customer, o.id, o.action, o.parameters, case when o.state = 'open' then null else o.due_at end
    from journeykit_outbox o
    where o.customer = any($1::text[]) and o.message = 'marketing' and o.id <> all($2::int8[])
    and ((o.state = 'open' and (o.begun is not null or (o.token is not null and o.due_at > $3)))
        or (o.due_at > $4 and (o.state in ('performed', 'imported') or (o.state <> 'open' and o.begun is not null))))
    order by o.id"""
BEGIN_MESSAGE = "update journeykit_outbox set begun = $3 where id = $1 and token = $2 and due_at > $3"
SETTLE = Part(
    "id int8, token text, state text, reason text, due_at int8, back int8, undone int8, answered text",
    """update journeykit_outbox o set state = v.state, reason = v.reason, due_at = v.due_at, attempts = o.attempts - v.back,
    token = null, begun = case when v.undone = 1 then null else o.begun end,
    answers = case when v.answered is null then o.answers else left(coalesce(o.answers, '[]'), -1)
        || case when coalesce(o.answers, '[]') = '[]' then '' else ',' end || v.answered || ']' end
    from {v} where o.id = v.id and o.token = v.token returning o.id, v.token""",
)
REOPEN_MESSAGES = """update journeykit_outbox set state = 'open', due_at = $2, attempts = 0, reason = null
    where id = any($1::int8[]) and state = 'dead'"""
DROP_MESSAGES = "update journeykit_outbox set state = 'dropped', due_at = $2 where id = any($1::int8[]) and state = 'dead'"
READ_OUTBOX = (
    f"select id, state, attempts, due_at, reason, answers, {_MESSAGE} from journeykit_outbox where true{{where}} order by id limit %s"
)

# reading

READ_CUSTOMERS = """(select id from journeykit_customers where id > $1 order by id limit $2)
    union (select distinct customer from journeykit_events where state = 'pending' and customer > $1 order by customer limit $2)
    order by 1 limit $2"""
READ_HISTORY = f"select {_HISTORY} from journeykit_history where customer = $1 order by seq, place"
READ_EVENTS = f"select {_EVENT} from journeykit_events where customer = $1 and (state <> 'decided' or seq > $2)"
READ_DEFINITIONS = "select distinct on (hash) hash, journey, text from journeykit_definitions order by hash"
