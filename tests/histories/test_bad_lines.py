"""Bad lines are set aside with file, line and reason, and cost no good line."""

from __future__ import annotations

import gzip
import json

import pytest

import past
from journeykit.errors import HistoryError
from journeykit.histories.lines import LONGEST

HEADER = "who,when,order,total,items\n"
GOOD = "ann,2026-03-02T09:00:00,o1,12.50,2\n"
LAST = "ben,2026-03-02T10:00:00,o9,3.00,1\n"

CSV = {
    "few fields": ("ann,2026-03-02", "2 fields where there are 5 columns"),
    "many fields": ("ann,2026-03-02,o2,1.00,2,3", "6 fields where there are 5 columns"),
    "no id": ("ann,2026-03-02,,1.00,2", "id: nothing stands there"),
    "no customer": (",2026-03-02,o2,1.00,2", "customer: nothing stands there"),
    "no time": ("ann,,o2,1.00,2", "time: nothing stands there"),
    "no moment": ("ann,yesterday,o2,1.00,2", "when: 'yesterday' is no moment; write ISO 8601, or say how it is written: moment %d/%m/%Y"),
    "a word for a number": ("ann,2026-03-02,o2,1.00,two", "items: 'two' is no number"),
    "NaN": ("ann,2026-03-02,o2,NaN,2", "total: 'NaN' is no number"),
    "Infinity": ("ann,2026-03-02,o2,Infinity,2", "total: 'Infinity' is no number"),
    "half a piece": ("ann,2026-03-02,o2,1.00,1.5", "items: '1.5' is no whole number"),
    "half a cent": ("ann,2026-03-02,o2,1.005,2", "total: '1.005' has more than the 2 digits behind the point that EUR has"),
    "a number beyond all": ("ann,2026-03-02,o2,1e300,2", "total: '1e300' is too large; numbers stay below 2**63"),
    "before 1970": ("ann,1969-12-31,o2,1.00,2", "time: 1969-12-30T23:00:00+00:00 lies before 1970; look at the column, its kind and its zone"),
    "not yet": ("ann,2917-03-02,o2,1.00,2", "time: 2917-03-01T23:00:00+00:00 has not come yet; look at the column, its kind and its zone"),
    "year 1": ("ann,0001-01-01,o2,1.00,2", "when: 0001-01-01 00:00:00 in Europe/Berlin leaves the calendar (years 1 to 9999)"),
    "an id without end": (f"ann,2026-03-02,{'o' * 501},1.00,2", f"id: {('o' * 501)!r:.60} is no id or name; give a text of 1 to 500 characters"),
    "an open quote": ('ann,"2026-03-02,o2,1.00,2', 'a text begins with a quote that is never closed; close it, or double a quote that is meant: ""'),
    "a quote too many": (
        'ann,"2026-03-02"T,o2,1.00,2',
        "the quotes do not fit (',' expected after '\"'); double a quote that is meant: \"\"",
    ),
}  # fmt: skip

JSON = {
    "half a line": ('{"who": "ann", "when": "2026-03-02", "or', "no JSON: unterminated string starting at, at character 38"),
    "no JSON": ("who=ann", "no JSON: expecting value, at character 1"),
    "a list": ('["ann"]', "a list, no JSON object; write one object in each line, for example with jq -c '.[]'"),
    "a text": ('"ann"', "a text, no JSON object; write one object in each line"),
    "null": ("null", "null, no JSON object; write one object in each line"),
    "NaN": ('{"who": "ann", "when": "2026-03-02", "order": "o2", "x": NaN}', "NaN is no number that JSON knows; leave it out"),
    "Infinity": ('{"who": "ann", "when": "2026-03-02", "order": "o2", "x": -Infinity}', "-Infinity is no number that JSON knows; leave it out"),
    "infinity in digits": ('{"who": "ann", "when": "2026-03-02", "order": "o2", "x": 1e999}', "1e999 is no number that JSON knows; leave it out"),
    "half a character": (
        '{"who": "ann", "when": "2026-03-02", "order": "o2", "x": ["\\ud800"]}',
        "x[0]: '\\ud800' holds characters that cannot be stored; write plain text",
    ),
    "NUL as an escape": (
        '{"who": "a\\u0000", "when": "2026-03-02", "order": "o2"}',
        "who: 'a\\x00' holds characters that cannot be stored; write plain text",
    ),
    "brackets without end": ('{"x": ' + "[" * 100_000, "nested too deeply; make it flatter"),
    "deep": ('{"x": ' + "[" * 70 + "]" * 70 + "}", "nested more than 60 deep; make it flatter"),
    "digits without end": ('{"x": ' + "9" * 5_000 + "}", "a number has too many digits; write it in quotes"),
    "no id": ('{"who": "ann", "when": "2026-03-02"}', "id: nothing stands there"),
    "an id that is a list": ('{"who": "ann", "when": "2026-03-02", "order": [1]}', "id: [1] is no id or name; give a text or a number"),
    "an id that is a flag": ('{"who": "ann", "when": "2026-03-02", "order": true}', "id: True is no id or name; give a text or a number"),
    "a time that is a number": (
        '{"who": "ann", "when": 1772442000, "order": "o2"}',
        "when: 1772442000 is no moment; where it counts from 1970, say so in the mapping: seconds or milliseconds",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CSV)
def test_a_bad_line_of_csv_costs_itself_alone(name, tmp_path):
    """The lines before and behind it count, and its reason is told."""
    line, reason = CSV[name]

    found = past.read(tmp_path, past.CSV_MAP, HEADER + GOOD + line + "\n" + LAST)

    assert [event.id for event in found.events] == ["o1", "o9"]
    assert [(reject.file, reject.line, reject.reason) for reject in found.rejects] == [("shop.csv", 3, reason)]


@pytest.mark.parametrize("name", JSON)
def test_a_bad_line_of_json_costs_itself_alone(name, tmp_path):
    """The lines before and behind it count, and its reason is told."""
    line, reason = JSON[name]
    good = [
        json.dumps({"who": who, "when": f"2026-03-02T{hour}:00:00Z", "order": order})
        for who, hour, order in (("ann", "09", "o1"), ("ben", 10, "o9"))
    ]

    found = past.read(tmp_path, past.JSON_MAP, f"{good[0]}\n{line}\n{good[1]}\n", "shop.jsonl")

    assert [event.id for event in found.events] == ["o1", "o9"]
    assert [(reject.file, reject.line, reject.reason) for reject in found.rejects] == [("shop.jsonl", 2, reason)]


def test_a_line_is_kept_beside_its_reason(tmp_path):
    """The rejects file holds one JSON object in each line, with the beginning of what was written."""
    past.read(tmp_path, past.CSV_MAP, HEADER + GOOD + "ann,2026-03-02\n")

    assert [json.loads(line) for line in (tmp_path / "rejects.jsonl").read_text().splitlines()] == [
        {"file": "shop.csv", "line": 3, "reason": "2 fields where there are 5 columns", "text": "ann,2026-03-02"}
    ]


def test_without_rejects_there_is_no_file(tmp_path):
    """Nothing bad, nothing written."""
    past.read(tmp_path, past.CSV_MAP, HEADER + GOOD)

    assert not (tmp_path / "rejects.jsonl").exists()


def test_nul_bytes_are_set_aside(tmp_path):
    """A line of a file that was torn apart costs itself alone."""
    found = past.read(tmp_path, past.CSV_MAP, (HEADER + GOOD).encode() + b"ann\x00\x00\n" + LAST.encode())

    assert len(found.events) == 2
    assert [(reject.line, reject.reason) for reject in found.rejects] == [(3, "the line holds NUL bytes; write plain text")]


def test_another_encoding_is_set_aside(tmp_path):
    """A word in Latin-1 within a file of UTF-8; the reason says what to do where the whole file is so."""
    found = past.read(tmp_path, past.CSV_MAP, (HEADER + GOOD).encode() + "Jörg,2026-03-02,o2,1.00,2\n".encode("latin-1") + LAST.encode())

    assert len(found.events) == 2
    assert [(reject.line, reject.reason) for reject in found.rejects] == [
        (3, "not in UTF-8, at byte 2; save the file as UTF-8, or say its encoding in the mapping")
    ]


def test_the_encoding_of_a_file_can_be_said(tmp_path):
    """The same file in Latin-1, said so, is read whole."""
    found = past.read(tmp_path, past.CSV_MAP + "encoding: latin-1\n", (HEADER + "Jörg,2026-03-02,o2,1.00,2\n").encode("latin-1"))

    assert [event.customer_id for event in found.events] == ["Jörg"]


def test_an_absurdly_long_line_is_set_aside(tmp_path):
    """More than a mebibyte is no event; it is not even kept in memory."""
    found = past.read(tmp_path, past.CSV_MAP, HEADER + GOOD + "x" * (3 * LONGEST) + "\n" + LAST)

    assert len(found.events) == 2
    assert [(reject.line, reject.reason) for reject in found.rejects] == [(3, "the line is longer than 1,048,576 bytes; no event is")]


def test_a_gzip_cut_off_in_the_middle_counts_up_to_there(tmp_path):
    """What could be unpacked is read; the reason says where it ends."""
    lines = [f"ann,2026-03-02,o{number},1.00,{number * 7919 % 10007}\n" for number in range(20_000)]
    whole = gzip.compress((HEADER + "".join(lines)).encode())

    found = past.read(tmp_path, past.CSV_MAP, whole[: len(whole) // 2], "shop.csv.gz")

    assert 5_000 < len(found.events) < 15_000
    assert [(reject.line, reject.reason) for reject in found.rejects] == [
        (len(found.events) + 2, "the gzip file is cut off or damaged here; what stands before counts, fetch the file again")
    ]


def test_a_damaged_gzip_counts_up_to_there(tmp_path):
    """Bytes that were changed on the way end the file, and are told."""
    whole = bytearray(gzip.compress((HEADER + GOOD + LAST).encode()))
    whole[-5] ^= 0xFF

    found = past.read(tmp_path, past.CSV_MAP, bytes(whole), "shop.csv.gz")

    assert len(found.rejects) == 1
    assert found.rejects[0].reason.startswith("the gzip file is cut off or damaged here")


def test_a_file_of_bad_lines_only_fails(tmp_path):
    """Nothing to bring in is no success, and the first reason is told at once."""
    with pytest.raises(HistoryError) as error:
        past.read(tmp_path, past.CSV_MAP, HEADER + "ann\nben\n")

    assert str(error.value) == (
        f"no event to bring in: all 2 lines were set aside in {tmp_path}/rejects.jsonl; the first: shop.csv:2: 1 fields where there are 5 columns"
    )


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "shop.csv: nothing stands in it; give a file whose first line names the columns"),
        (HEADER.encode(), "no event to bring in: nothing stands there, or nothing but a header"),
        (b"who,who\n", 'shop.csv: two columns are called "who"; give all names as header in the mapping'),
        (b"who,,when\n", "shop.csv: column 2 has no name in the first line; name it, or give all names as header in the mapping"),
        (HEADER.encode("utf-16"), "shop.csv: in UTF-16; save it as UTF-8"),
        (b"\xff\n", "shop.csv: the first line, which names the columns, cannot be read: not in UTF-8, at byte 1; save the file as UTF-8, or say its encoding in the mapping"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_at_all_fails(data, reason, tmp_path):
    """What concerns the whole file is an error, not a reject."""
    with pytest.raises(HistoryError) as error:
        past.read(tmp_path, past.CSV_MAP, data)

    assert str(error.value) == reason


def test_a_file_that_is_not_there_fails(tmp_path):
    """The name and the way out are told."""
    from journeykit.histories import Source, read_mapping

    with pytest.raises(HistoryError) as error:
        past.read_all(tmp_path, [Source(str(tmp_path / "none.csv"), read_mapping(past.CSV_MAP))])

    assert (
        str(error.value)
        == f"{tmp_path}/none.csv: cannot be read: No such file or directory; give a file of events, or - for standard input"
    )
