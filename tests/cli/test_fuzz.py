"""Whatever stands in a file, the command answers with a readable line and an exit code that is documented."""

from __future__ import annotations

import contextlib
import io
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from journeykit.cli import main

JOURNEY = """journey: cart
stage: purchase
key: cart_id
entry: {event: Added, where: event.total > 100}
exits: Ordered
reentry: after 3 days
steps:
  - {step: left, wait: 2 hours, when: {Added: left}}
  - {step: split, then: "50% one, 50% two"}
  - {step: one, do: {email: {text: "{event.total}"}}, end: completed}
  - {step: two, wait: until tuesday 09:00}
"""
MAPPING = """zone: Europe/Berlin
columns: {total: money EUR, when: moment, items: whole}
explode: events
customer: who
time: when
id: "{row.order}-{line}"
rows:
  - {event: Added, where: row.total > 100 or not exists(row.order), properties: [total, items]}
  - {event: Ordered, properties: {total: "{row.total * 2}"}, sum: {items: items}}
  - {traits: {plan: plan}}
"""
CSV = b"who,when,order,total,items\nann,2024-03-02T09:00,o1,12.50,2\nben,2024-03-03,o2,200,1\neve,2024-03-04T09:00Z,o3,3,1\n"
LINES = b'{"who": "ann", "when": "2024-03-02", "order": "o1", "total": 12.5, "events": [{"items": 2}, {"items": 3}]}\n' * 3
SEGMENT = (
    b'{"type": "track", "event": "Added", "messageId": "m1", "userId": "ann", "timestamp": "2024-03-02T09:00:00Z", "properties": {"total": 300, "cart_id": "c"}}\n'
    * 2
)

BYTES = [b"", b"\x00", b"\xff\xfe", b"\x1f\x8b", b'"', b"'", b"\n", b"\r", b",", b"{", b"}", b"[" * 200, b"NaN", b"1e999", b"-", b"9" * 400, b"\\ud800", b"0001-01-01",
         b"9999-12-31", b"&a", b"*a", b"!!python", b": ", b"- ", b"\xc3\xa4", b"\xe2\x80\xa8", b"%", b"row.", b"null"]  # fmt: skip


@st.composite
def spoiled(draw, whole):
    """A text in which a few pieces were replaced, doubled or cut out."""
    data = whole
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(data)))
        end = draw(st.integers(start, min(len(data), start + 12)))
        data = data[:start] + draw(st.sampled_from([*BYTES, data[start:end] * 3])) + data[end:]
    return data


def call(files, *arguments):
    """Call the command in a folder of its own; the code, and what it wrote to standard error."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        for name, data in files.items():
            Path(name).write_bytes(data)
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(list(arguments))
        return code, out.getvalue(), err.getvalue()


@given(spoiled(JOURNEY.encode()))
def test_any_definition_is_checked(data):
    """Problems are lines on standard output; nothing else can happen."""
    code, out, _ = call({"cart.yaml": data}, "check", "cart.yaml")

    assert code in (0, 1)
    assert out.strip()
    assert "Traceback" not in out


@given(spoiled(MAPPING.encode()), st.sampled_from(["shop.csv", "shop.jsonl"]))
def test_any_mapping_is_read(mapping, name):
    """It fits, or what is wrong with it is told."""
    files = {"cart.yaml": JOURNEY.encode(), "shop.map.yaml": mapping, "shop.csv": CSV, "shop.jsonl": LINES}

    code, _, err = call(files, "run", "cart.yaml", "--events", name, "--map", "shop.map.yaml", "--db", "shop.db", "-q")

    assert code in (0, 1, 3)
    assert (code == 1) == err.startswith("journeykit: ")


@settings(max_examples=200)
@given(
    st.sampled_from([("shop.csv", CSV), ("shop.jsonl", LINES), ("segment.jsonl", SEGMENT)]).flatmap(
        lambda pair: st.tuples(st.just(pair[0]), spoiled(pair[1]))
    )
)
def test_any_file_of_events_is_brought_in(pair):
    """Good lines count, bad ones are set aside, a file of nothing else is told."""
    name, data = pair
    mapping = MAPPING if name != "shop.csv" else MAPPING.replace("explode: events\n", "").replace("  - {traits: {plan: plan}}\n", "")
    options = ["--format", "segment"] if name == "segment.jsonl" else ["--map", "shop.map.yaml"]

    code, _, err = call(
        {"cart.yaml": JOURNEY.encode(), "shop.map.yaml": mapping.encode(), name: data},
        "run",
        "cart.yaml",
        "--events",
        name,
        *options,
        "--db",
        "shop.db",
        "-q",
    )

    assert code in (0, 1, 3)
    assert (code == 1) == err.startswith("journeykit: ")
