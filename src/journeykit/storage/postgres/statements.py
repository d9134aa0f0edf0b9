"""
The SQL of `journeykit.storage.postgres`, one named constant for each statement or part of one.

A `Part` reads its rows from ``{v}``, whose columns are ``{columns}``. Everything goes by index from there, row by row.
"""

from __future__ import annotations

from journeykit.model.records import MAILBOX
from journeykit.storage.postgres.arguments import Part
from journeykit.storage.postgres.connections import Cursor

CHANNEL = "journeykit"
#: Earlier than any moment. It stands in the indexes that are ordered by moments, to keep them out of sight of the planner where one
#: customer's rows are looked for: a million others may be due.
NEVER = -(2**63) + 1
#: Asked in the statement that writes: it costs a look at a table of a few rows, and nothing where nobody sleeps.
NOTIFY = f"(select pg_notify('{CHANNEL}', '') from journeykit_sleepers where asleep limit 1)"
#: In a host's transaction, of which nobody knows who will sleep when it commits.
NOTIFY_SURELY = f"(select pg_notify('{CHANNEL}', ''))"


def tell(cursor: Cursor, surely: bool) -> None:
    """Wake who sleeps; *surely* also who does not yet."""
    cursor.execute(f"select {NOTIFY_SURELY if surely else NOTIFY}")


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
    "expires_at int8, owner text, listens int8, household text, origin text, state text, due_at int8",
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
#: For whom it is by now; of each id the first. Known mail is left out; new mail stands behind what waits, in the order in which it is given.
_SEND = """given as materialized (select distinct on (customer, id) * from (
        select coalesce((select a.customer from journeykit_aliases a where a.id = v.customer), v.customer) as customer,
            v.id, v.accepted_at, v.occurred_at, v.name, v.properties, v.source, v.ord from {v}) v order by customer, id, ord),
    mail as (insert into journeykit_events({columns}, state, arrival)
    select f.customer, f.id, f.accepted_at, f.occurred_at, f.name, f.properties, f.source, 'pending', f.nth + coalesce((
        select max(e.arrival) from journeykit_events e where e.customer = f.customer and e.state = 'pending'{but}), 0)
    from (select g.*, row_number() over (partition by g.customer order by g.ord) as nth from given g
        where not exists (select from journeykit_events e where e.customer = g.customer and e.id = g.id offset 0){and not}) f
    order by f.customer, f.id on conflict do nothing returning customer, id)"""
_SEND_PLAIN = _SEND.replace("{but}", "").replace("{and not}", "")
SEND_MAIL = Part(_MAIL, _SEND_PLAIN)
#: What is decided in the same statement stands in a list of its own before the rows.
_DECIDED = """
        and not exists (select from decided d where d.customer = {e}.customer and d.id = {e}.id)"""
SEND_MAIL_BUT = Part(
    _MAIL,
    "decided as (select * from unnest(%s::text[], %s::text[]) d(customer, id)), "
    + _SEND.replace("{but}", _DECIDED.replace("{e}", "e")).replace("{and not}", _DECIDED.replace("{e}", "g")),
)
_ACCEPTED = "select g.ord, {notify} from given g join mail m on m.customer = g.customer and m.id = g.id"
ACCEPT, ACCEPT_SURELY = (Part(_MAIL, f"with {_SEND_PLAIN} {_ACCEPTED.format(notify=notify)}") for notify in (NOTIFY, NOTIFY_SURELY))

#: A statement can take back what it wrote only by an error: counts that are not as they must be divide by nought.
DEMAND = "select 1 / (({counts})::int)"
COUNT = "(select count(*) from {part}) = %s::int8"
COPY_HISTORY = f"copy journeykit_history({_HISTORY}) from stdin"
COPY_MESSAGES = """copy journeykit_outbox(customer, journey, key, number, seq, place, action, parameters, at, message, expires_at, owner,
    listens, household, origin, state, due_at) from stdin"""

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
#: The last two in one look, as each event by itself needs them.
LOAD_LIVE = _enrollments(
    ", journey text, until int8",
    " and ((r.journey = v.journey and (r.ended_at is null or r.next_due is not null)) or r.next_due < v.until)",
)
_PENDING = _ROWS.replace("{table}", "journeykit_events").replace(
    "{where}", f"r.customer = v.id and r.state = 'pending' order by r.arrival limit {MAILBOX}"
)
LOAD_PENDING = Part("id text", f"""select 2, v.ord, e.seq, e.accepted_at, e.occurred_at, e.arrival, null,
    e.id, e.name, e.properties, e.source, e.state, null from {_PENDING}""")  # fmt: skip
_SEEN = _ROWS.replace("{table}", "journeykit_events").replace("{where}", "r.customer = v.customer and r.id = v.id").replace("*", "r.id", 1)
LOAD_SEEN = Part("place int8, customer text, id text", f"""select 3, v.place, null, null, null, null, null,
    e.id, null, null, null, null, null from {_SEEN}""")  # fmt: skip

ANY_ERASED = "select 1 from journeykit_erased limit 1"

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
#: Each journey and action with an open message, found by going from one to the next in the index.
_LINES = """recursive line as (
    (select journey, action from journeykit_outbox where state = 'open' order by journey, action limit 1)
    union all
    select n.journey, n.action from line l cross join lateral (
        select o.journey, o.action from journeykit_outbox o where o.state = 'open' and (o.journey, o.action) > (l.journey, l.action)
        order by o.journey, o.action limit 1) n)"""
_IN_LINE = "from journeykit_outbox o where o.state = 'open' and o.journey = l.journey and o.action = l.action"
NEXT_DUE = f"""with {_LINES} select least(
    (select min(next_due) + 1 from journeykit_enrollments where {DUE}),
    (select min(next_due) + 1 from journeykit_customers where {DUE}),
    (select min(accepted_at) from journeykit_events where {WAITING}),
    (select min((select min(o.due_at) {_IN_LINE})) from line l),
    (select min(due_at) from journeykit_objects where due_at is not null))"""
COUNT_MAIL = f"select count(*), min(accepted_at) from journeykit_events where {WAITING} and accepted_at <= $1"
COUNT_TIMERS = f"""select count(*), min(due) from (select customer, min(next_due) as due from (
    select customer, next_due from journeykit_enrollments where {DUE} and next_due < $1
    union all select id, next_due from journeykit_customers where {DUE} and next_due < $1) d group by customer) d"""
COUNT_MESSAGES = f"""with {_LINES} select coalesce(sum(m.number), 0)::int8, min(m.oldest) from line l
    cross join lateral (select count(*) as number, min(o.due_at) as oldest {_IN_LINE} and o.due_at <= $1) m"""
COUNT_DEAD = "select count(*) from journeykit_outbox where state <> 'open' and state <> 'performed' and state = 'dead'"

# the workers

KEEP_WORKER = "insert into journeykit_workers values($1, $2) on conflict(token) do update set until = excluded.until"
FORGET_WORKERS = "delete from journeykit_workers where until <= $1"
READ_WORKERS = "select token from journeykit_workers order by token"
GRANT_ALONE = "select pg_advisory_xact_lock(hashtextextended(current_schema() || ' journeykit grant ' || $1::text, 0))"
READ_GRANTS = "select at, number from journeykit_grants where name = $1 and at > $2 order by at"
FORGET_GRANTS = "delete from journeykit_grants where name = $1 and at <= $2"
KEEP_GRANT = """insert into journeykit_grants as g values($1, $2, $3)
    on conflict(name, at) do update set number = g.number + excluded.number"""

# pauses

PAUSE_ALONE = "lock table journeykit_pauses in share row exclusive mode"
INSERT_PAUSE = """insert into journeykit_pauses select coalesce(max(number), 0) + 1, $1, $2, $3, $4::int8, $5::int8, $6::int8
    from journeykit_pauses returning number"""
END_PAUSE = "update journeykit_pauses set ended_at = $1 where number = $2 and ended_at is null"
_PAUSE = "select number, journey, step, action, still, begun_at, ended_at from journeykit_pauses"
READ_PAUSE = f"{_PAUSE} where number = $1"
READ_PAUSES = f"{_PAUSE} order by number"
BRING_UP_ENROLLMENTS = f"update journeykit_enrollments set next_due = $1 where {DUE} and next_due = $2"
BRING_UP_MESSAGES = "update journeykit_outbox set due_at = $1 where state = 'open' and due_at > $1 and token is null and reason = $2"

# the outbox

_MESSAGE = "customer, journey, key, number, seq, place, action, parameters, at, message, expires_at, owner, listens, household, origin"
_MINE = ", ".join(f"o.{name}" for name in _MESSAGE.split(", "))
_LEASE = f"""update journeykit_outbox o set token = $1, due_at = $2, attempts = o.attempts + 1 from chosen c where o.id = c.id
    returning c.nth, c.lapsed, o.id, o.attempts - 1, {_MINE}, o.begun"""
#: The longest due, each journey and action in its turn; but nothing from the first one on whose lease ran out, or that one alone.
CLAIM = f"""with {_LINES},
    due as materialized (select l.journey, l.action, m.* from line l cross join lateral (
        select o.id, o.due_at, o.token is not null as lapsed {_IN_LINE} and o.due_at <= $3
        order by o.due_at, o.id limit $4 for no key update skip locked) m where l.action <> all($5::text[])),
    turns as (select id, due_at, lapsed from (
        select *, row_number() over (partition by journey, action order by due_at, id) as turn from due) d
        order by turn, journey, action limit $4),
    chosen as (select id, nth, lapsed from (
        select id, lapsed, row_number() over w as nth, count(*) filter (where lapsed) over w as before from turns
        window w as (order by due_at, id)) d where nth = 1 or before = 0)
    {_LEASE}"""
#: Claims under a cap are made one after another, so that of two one is the first.
CLAIM_ALONE = "select pg_advisory_xact_lock(hashtextextended(current_schema() || ' journeykit claims', 0))"
_COMPANIONS = f"""with mine as (
        select o.id, o.due_at, v.ord from unnest($4::text[]) with ordinality as v(id, ord)
        join journeykit_outbox o on o.{{column}} = v.id
        where o.state = 'open' and o.message = 'marketing' and o.token is null and o.due_at <= $3 for no key update of o skip locked),
    chosen as (select id, row_number() over (order by ord, due_at, id) as nth, false as lapsed from mine)
    {_LEASE}"""
CLAIM_COMPANIONS = _COMPANIONS.replace("{column}", "customer")
CLAIM_HOUSEMATES = _COMPANIONS.replace("{column}", "household")
_SENT = """select o.customer, o.household, o.id, o.action, o.parameters, case when o.state = 'open' then null else o.due_at end
    from journeykit_outbox o
    where o.{column} = any($1::text[]) and o.message = 'marketing'
    and ((o.state = 'open' and (o.begun is not null or (o.token is not null and o.due_at > $2)))
        or (o.due_at > $3 and (o.state in ('performed', 'imported') or (o.state <> 'open' and o.begun is not null))))
    order by o.id"""
READ_SENT = _SENT.replace("{column}", "customer")
READ_SENT_TO_HOUSEHOLDS = _SENT.replace("{column}", "household")
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

READ_CUSTOMERS = """(select id from journeykit_customers where id > $1 and revision >= 0 order by id limit $2)
    union (select distinct customer from journeykit_events where state = 'pending' and customer > $1 order by customer limit $2)
    order by 1 limit $2"""
READ_HISTORY = f"select {_HISTORY} from journeykit_history where customer = $1 order by seq, place"
READ_EVENTS = f"select {_EVENT} from journeykit_events where customer = $1 and (state <> 'decided' or seq > $2)"
READ_DEFINITIONS = "select distinct on (hash) hash, journey, text from journeykit_definitions order by hash"
OCCUPIED = """select journey, definition, step, count(*) from journeykit_enrollments where status = 'active'
    group by journey, definition, step order by journey, definition, step"""
INSIDE = """select distinct customer from journeykit_enrollments
    where customer > $1 and journey = $2 and definition = $3 and status = 'active' order by customer limit $4"""
