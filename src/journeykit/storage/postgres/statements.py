"""
The SQL of `journeykit.storage.postgres`, one named constant for each statement or part of one.

``{v}`` is what the statement reads its rows from, see `arguments.Source`. Everything goes by index from there, row by row.
"""

from __future__ import annotations

from journeykit.storage.postgres.arguments import Source

CHANNEL = "journeykit"
#: Asked in the statement that writes: it costs a look at a table of a few rows, and nothing where nobody sleeps.
NOTIFY = f"(select pg_notify('{CHANNEL}', '') from journeykit_sleepers where asleep limit 1)"

# writing: the parts of the one statement of a commit

CUSTOMER = Source("id text, base int8, revision int8, accepted_at int8, facts text, moments text, next_due int8")
ENROLLMENT = Source(
    "customer text, journey text, key text, number int8, definition text, position int8, status text, step text, visit int8, "
    "entered_at int8, ended_at int8, next_due int8, body text"
)
PLACE = Source("customer text, journey text, key text")
EVENT = Source(
    "customer text, id text, seq int8, accepted_at int8, occurred_at int8, name text, properties text, source text, state text, arrival int8"
)
HISTORY = Source(
    "customer text, seq int8, place int8, at int8, kind text, journey text, key text, number int8, source text, target text, cause text, "
    "reason text, timers text"
)
MESSAGE = Source(
    "customer text, journey text, key text, number int8, seq int8, place int8, action text, parameters text, at int8, message text, "
    "expires_at int8, owner text, listens int8, state text, due_at int8"
)
DEFINITION = Source("hash text, journey text, text text")
QUOTA = Source("name text, taken int8, most int8")
MAIL = Source("customer text, id text, accepted_at int8, occurred_at int8, name text, properties text, source text")
WAIT = Source("event text, object text, entered_at int8, customer text, journey text, key text, since int8")

CREATE_CUSTOMERS = """created as (insert into journeykit_customers(id, revision, accepted_at, facts, moments, next_due)
    select v.id, v.revision, v.accepted_at, coalesce(v.facts, '[1]'), v.moments, v.next_due from {v} order by v.id
    on conflict do nothing returning 1)"""
_MOVE = """moved as (update journeykit_customers c set revision = v.revision, accepted_at = v.accepted_at,
    facts = coalesce(v.facts, c.facts), moments = coalesce(v.moments, c.moments),
    next_due = case when v.moments is null then c.next_due else v.next_due end
    from {from} where c.id = v.id and c.revision = v.base returning 1)"""
MOVE_CUSTOMER = _MOVE.replace("{from}", "{v}")
#: Whoever is held by another transaction is left out, which ends in a conflict that names them: a batch waits for nobody.
MOVE_CUSTOMERS = _MOVE.replace("{from}", "(select v.* from {v} join journeykit_customers h on h.id = v.id order by h.id for no key update of h skip locked) v")  # fmt: skip
WRITE_ENROLLMENTS = f"""enrolled as (insert into journeykit_enrollments({ENROLLMENT.names}) select {ENROLLMENT.names} from {{v}}
    on conflict(customer, journey, key) do update set number = excluded.number, definition = excluded.definition,
    position = excluded.position, status = excluded.status, step = excluded.step, visit = excluded.visit,
    entered_at = excluded.entered_at, ended_at = excluded.ended_at, next_due = excluded.next_due, body = excluded.body)"""
DELETE_ENROLLMENTS = """removed as (delete from journeykit_enrollments e using {v}
    where e.customer = v.customer and e.journey = v.journey and e.key = v.key)"""
WRITE_EVENTS = f"""logged as (insert into journeykit_events as e({EVENT.names}) select {EVENT.names} from {{v}} order by v.customer, v.id
    on conflict(customer, id) do update set seq = excluded.seq, accepted_at = excluded.accepted_at, occurred_at = excluded.occurred_at,
    name = excluded.name, properties = excluded.properties, source = excluded.source, state = excluded.state, arrival = excluded.arrival
    where e.state <> 'decided' returning 1)"""
WRITE_HISTORY = f"history as (insert into journeykit_history({HISTORY.names}) select {HISTORY.names} from {{v}})"
WRITE_MESSAGES = f"messages as (insert into journeykit_outbox({MESSAGE.names}) select {MESSAGE.names} from {{v}} order by v.ord)"
#: No unique index: to wait for another transaction because it uses the same definition first would be absurd.
WRITE_DEFINITIONS = f"""defined as (insert into journeykit_definitions({DEFINITION.names}) select {DEFINITION.names} from {{v}}
    where not exists (select from journeykit_definitions d where d.hash = v.hash))"""
TAKE_QUOTAS = """taken as (insert into journeykit_quotas as q(name, taken, "limit")
    select v.name, v.taken, v.most from {v} where v.most is null or v.taken <= v.most order by v.name
    on conflict(name) do update set "limit" = excluded."limit", taken = q.taken + excluded.taken
    where excluded."limit" is null or q.taken + excluded.taken <= excluded."limit" returning 1)"""
FORGET_WAITS = """forgotten as (delete from journeykit_waiting w using {v} where w.customer = v.customer and w.journey = v.journey
    and w.key = v.key and (w.event, w.object, w.entered_at) not in (
        select n.event, n.object, n.entered_at from {new} n(event, object, entered_at, customer, journey, key)
        where n.customer = v.customer and n.journey = v.journey and n.key = v.key))"""
NEW_WAITS = "unnest(%s::text[], %s::text[], %s::int8[], %s::text[], %s::text[], %s::text[])"
WRITE_WAITS = f"""waits as (insert into journeykit_waiting({WAIT.names}) select {WAIT.names} from {{v}} order by v.event, v.object, v.ord
    on conflict do nothing)"""
#: Known mail is left out; new mail stands behind what waits, in the order in which it is given.
SEND_MAIL = f"""mail as (insert into journeykit_events({MAIL.names}, state, arrival)
    select f.customer, f.id, f.accepted_at, f.occurred_at, f.name, f.properties, f.source, 'pending', f.nth + coalesce((
        select max(e.arrival) from journeykit_events e where e.customer = f.customer and e.state = 'pending' {{but}}), 0)
    from (select v.*, row_number() over (partition by v.customer order by v.ord) as nth from {{v}}
        where not exists (select from journeykit_events e where e.customer = v.customer and e.id = v.id)) f
    order by f.customer, f.id on conflict do nothing returning customer, id)"""
BUT_DECIDED = "and (e.customer, e.id) not in (select * from unnest(%s::text[], %s::text[]))"
ACCEPT = f"with {SEND_MAIL.replace('{but}', '')} select customer, id, {NOTIFY} from mail"
ACCEPT_ONE = f"""with mail as (insert into journeykit_events({MAIL.names}, state, arrival)
    select {MAIL.names}, 'pending', 1 + coalesce((
        select max(e.arrival) from journeykit_events e where e.customer = v.customer and e.state = 'pending'), 0) from {{v}}
    on conflict do nothing returning customer, id) select customer, id, {NOTIFY} from mail"""
#: A statement can take back what it wrote only by an error: counts that are not as they must be divide by nought.
DEMAND = "1 / (({counts})::int)"
COUNT = "(select count(*) from {part})"
COPY_HISTORY = f"copy journeykit_history({HISTORY.names}) from stdin"
COPY_MESSAGES = f"copy journeykit_outbox({MESSAGE.names}) from stdin"

ID = Source("id text")
REVISIONS = "select c.id, c.revision from {v} join journeykit_customers c on c.id = v.id for no key update of c skip locked"
EVENT_ID = Source("customer text, id text")
FIND_DECIDED = "select v.customer from {v} join journeykit_events e on e.customer = v.customer and e.id = v.id where e.state = 'decided'"
SELECT_QUOTAS = "select name, taken from journeykit_quotas where name = any(%s::text[])"
SELECT_QUOTA = "select taken from journeykit_quotas where name = %s"
KEEP = "insert into journeykit_kept values(%s, %s) on conflict do nothing"
READ_KEPT = "select value from journeykit_kept where name = %s"

# loading: each part answers with its number, the place in what was asked for, six integers and eight texts

_WANTED_ENROLLMENT = """e.number, e.position, e.visit, e.entered_at, e.ended_at, null::int8,
    e.journey, e.key, e.definition, e.status, e.step, e.body, null::text, null::text"""
_WANTED_EVENT = """e.seq, e.accepted_at, e.occurred_at, e.arrival, null, null,
    e.customer, e.id, e.name, e.properties, e.source, e.state, null, null"""
WANTED = Source("id text")
WANTED_ALL = Source("ord0 int8, customer text")
WANTED_JOURNEY = Source("ord0 int8, customer text, journey text")
WANTED_KEY = Source("ord0 int8, customer text, journey text, key text")
WANTED_DUE = Source("ord0 int8, customer text, until int8")
WANTED_EVENT = Source("ord0 int8, customer text, id text")
LOAD_CUSTOMERS = """select 0, v.ord, c.revision, c.accepted_at, c.next_due, null::int8, null::int8, null::int8,
    c.facts, c.moments, null::text, null::text, null::text, null::text, null::text, null::text
    from {v} join journeykit_customers c on c.id = v.id"""
LOAD_ALL = f"select 1, v.ord0, {_WANTED_ENROLLMENT} from {{v}} join journeykit_enrollments e on e.customer = v.customer"
LOAD_ACTIVE = f"""select 1, v.ord0, {_WANTED_ENROLLMENT} from {{v}} join journeykit_enrollments e
    on e.customer = v.customer and e.journey = v.journey and (e.ended_at is null or e.next_due is not null)"""
LOAD_JOURNEY = f"""select 1, v.ord0, {_WANTED_ENROLLMENT} from {{v}} join journeykit_enrollments e
    on e.customer = v.customer and e.journey = v.journey"""
LOAD_KEY = f"""select 1, v.ord0, {_WANTED_ENROLLMENT} from {{v}} join journeykit_enrollments e
    on e.customer = v.customer and e.journey = v.journey and e.key = v.key"""
LOAD_DUE = f"""select 1, v.ord0, {_WANTED_ENROLLMENT} from {{v}} join journeykit_enrollments e
    on e.customer = v.customer and e.next_due < v.until"""
LOAD_PENDING = f"select 2, v.ord, {_WANTED_EVENT} from {{v}} join journeykit_events e on e.customer = v.id and e.state = 'pending'"
LOAD_SEEN = """select 3, v.ord0, null, null, null, null, null, null, e.id, null, null, null, null, null, null, null
    from {v} join journeykit_events e on e.customer = v.customer and e.id = v.id"""

# what is due

FIND_DUE = """with found as (select customer, min(ready) as ready from (
        (select next_due + 1 as ready, customer from journeykit_enrollments where next_due < %(now)s order by next_due, customer limit %(rows)s)
        union all
        (select next_due + 1, id from journeykit_customers where next_due < %(now)s order by next_due, id limit %(rows)s)
        union all
        (select accepted_at, customer from journeykit_events where state = 'pending' and accepted_at <= %(now)s
            order by accepted_at, customer limit %(rows)s)) due
    group by customer),
    free as (select c.id from found f join journeykit_customers c on c.id = f.customer for no key update of c skip locked)
    select f.customer from found f
    where f.customer in (select id from free) or not exists (select from journeykit_customers c where c.id = f.customer)
    order by f.ready, f.customer"""
COUNT_DUE = """select
    (select count(*) from (select from journeykit_enrollments where next_due < %(now)s limit %(rows)s) e) = %(rows)s or
    (select count(*) from (select from journeykit_customers where next_due < %(now)s limit %(rows)s) c) = %(rows)s or
    (select count(*) from (select from journeykit_events where state = 'pending' and accepted_at <= %(now)s limit %(rows)s) m) = %(rows)s"""
NEXT_DUE = """select least(
    (select min(next_due) + 1 from journeykit_enrollments where next_due is not null),
    (select min(next_due) + 1 from journeykit_customers where next_due is not null),
    (select min(accepted_at) from journeykit_events where state = 'pending'),
    (select min(due_at) from journeykit_outbox where state = 'open'),
    (select min(due_at) from journeykit_objects where due_at is not null))"""

# the outbox

_MESSAGE = "customer, journey, key, number, seq, place, action, parameters, at, message, expires_at, owner, listens"
_MINE = ", ".join(f"o.{name}" for name in _MESSAGE.split(", "))
#: The longest due, but nothing from the first one on whose lease ran out; or that one alone.
CLAIM = f"""with due as materialized (
        select id, due_at, token is not null as lapsed from journeykit_outbox where state = 'open' and due_at <= %(now)s
        order by due_at, id limit %(limit)s for no key update skip locked),
    chosen as (select id, due_at, lapsed from (
        select *, row_number() over w as nth, count(*) filter (where lapsed) over w as before from due
        window w as (order by due_at, id)) d where nth = 1 or before = 0)
    update journeykit_outbox o set token = %(token)s, due_at = %(until)s, attempts = o.attempts + 1 from chosen c where o.id = c.id
    returning c.lapsed, c.due_at, o.id, o.attempts - 1, {_MINE}, o.begun"""
#: Claims under a cap are made one after another, so that of two one is the first.
CLAIM_ALONE = "select pg_advisory_xact_lock(hashtextextended(current_schema() || ' journeykit claims', 0))"
CLAIM_COMPANIONS = f"""with chosen as (
        select o.id, o.due_at, v.ord from unnest(%(customers)s::text[]) with ordinality as v(id, ord)
        join journeykit_outbox o on o.customer = v.id
        where o.state = 'open' and o.message = 'marketing' and o.token is null and o.due_at <= %(now)s for no key update of o skip locked)
    update journeykit_outbox o set token = %(token)s, due_at = %(until)s, attempts = o.attempts + 1 from chosen c where o.id = c.id
    returning c.ord, c.due_at, o.id, o.attempts - 1, {_MINE}, o.begun"""
READ_SENT = """select o.customer, o.id, o.action, o.parameters, case when o.state = 'open' then null else o.due_at end
    from journeykit_outbox o
    where o.customer = any(%(customers)s::text[]) and o.message = 'marketing' and o.id <> all(%(but)s::int8[])
    and ((o.state = 'open' and (o.begun is not null or (o.token is not null and o.due_at > %(now)s)))
        or (o.due_at > %(since)s and (o.state in ('performed', 'imported') or (o.state <> 'open' and o.begun is not null))))
    order by o.id"""
BEGIN_MESSAGE = "update journeykit_outbox set begun = %(now)s where id = %(id)s and token = %(token)s and due_at > %(now)s"
SETTLED = Source("id int8, token text, state text, reason text, due_at int8, back int8, undone int8, answered text")
SETTLE = """update journeykit_outbox o set state = v.state, reason = v.reason, due_at = v.due_at, attempts = o.attempts - v.back,
    token = null, begun = case when v.undone = 1 then null else o.begun end,
    answers = case when v.answered is null then o.answers else left(coalesce(o.answers, '[]'), -1)
        || case when coalesce(o.answers, '[]') = '[]' then '' else ',' end || v.answered || ']' end
    from {v} where o.id = v.id and o.token = v.token returning o.id, v.token"""
REOPEN_MESSAGES = """update journeykit_outbox set state = 'open', due_at = %(now)s, attempts = 0, reason = null
    where id = any(%(ids)s::int8[]) and state = 'dead'"""
DROP_MESSAGES = "update journeykit_outbox set state = 'dropped', due_at = %(now)s where id = any(%(ids)s::int8[]) and state = 'dead'"
READ_OUTBOX = (
    f"select id, state, attempts, due_at, reason, answers, {_MESSAGE} from journeykit_outbox {{where}} order by id limit %(limit)s"
)

# reading

READ_CUSTOMERS = """(select id from journeykit_customers where id > %(after)s order by id limit %(limit)s)
    union (select distinct customer from journeykit_events where state = 'pending' and customer > %(after)s order by customer limit %(limit)s)
    order by 1 limit %(limit)s"""
READ_HISTORY = f"select {HISTORY.names} from journeykit_history where customer = %s order by seq, place"
READ_EVENTS = f"select {EVENT.names} from journeykit_events where customer = %s and (state <> 'decided' or seq > %s)"
READ_DEFINITIONS = "select distinct on (hash) hash, journey, text from journeykit_definitions order by hash"
