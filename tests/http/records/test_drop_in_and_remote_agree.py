"""The same question to Connect and to the drop-in over it: the same records, whatever the lookup means there."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.http.access.people import Installation, installed
from tests.support.connect import RECORDS, ConnectSimulator, _module_connect, a_record, connect
from tests.support.mongo import LocalMongod

__all__ = ["_module_connect", "connect"]

VALUES: list[Any] = [
    *(
        None,
        True,
        False,
        0,
        5,
        55,
        -1,
        2.5,
        "",
        "5",
        "5.5",
        "open",
        "OPEN",
        "re-open it",
        "true",
        "null",
        "Ölzeug",
        'a"b',
    ),
    *([], ["open"], ["open", 7], [["open"]], ["5", 5], [None]),
    *({}, {"open": 1}, {"b": "open"}, {"a": {"b": "open"}}),
]
TEXTS = ["open", "OPEN", "5", "true", "null", "", "a", "Ö", '"', '{"b": "open"}', '["open"]']
ON_DATA = [
    *("data__x", "data__x__contains", "data__x__icontains", "data__x__iexact", "data__x__in", "data__x__has_key"),
    *("data__x__startswith", "data__x__istartswith", "data__x__endswith", "data__x__iendswith"),
    *("data__x__gt", "data__x__gte", "data__x__lt", "data__x__lte", "data__x__0", "data__x__b", "data__x__a__b"),
    *("data__contains", "data__has_key", "data__x__0__contains", "data__x__b__contains"),
]


@pytest.fixture
def found(shared_mongod: LocalMongod, tmp_path: Path, connect: ConnectSimulator) -> Iterator[Installation]:
    with installed(shared_mongod, tmp_path, connect, repository="cached") as opened:
        yield opened


def test_lookups_on_data_find_the_same(found: Installation, connect: ConnectSimulator) -> None:
    data = [*({"x": value} for value in VALUES), {}, "open", ["open", "x"], None, {"open": 1}]
    connect.set_records([a_record(number, data=one) for number, one in enumerate(data, 1)])
    asha, token = found.logged_in("asha"), connect.token("asha")
    there_headers = {"authorization": f"Bearer {token}"}
    different = []
    for name in ON_DATA:
        for text in TEXTS:
            asked = {"opportunity_id": 814, name: text}
            there = connect.client.get(RECORDS, params=asked, headers=there_headers)
            here = asha.get(RECORDS, params=asked)
            assert (there.status_code, here.status_code) == (200, 200), (asked, there.text[:80], here.text[:80])
            ids = [sorted(one["id"] for one in answer.json()) for answer in (there, here)]
            if ids[0] != ids[1]:
                different.append((name, text, [[data[one - 1] for one in some] for some in ids]))
    assert different == []


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        # On a key of JSON only the lookups that Django gives to keys are about text; contains is not among them.
        ("data__x__contains", "open", ["open", ["open"], ["open", 7]]),
        ("data__x__contains", "ope", []),
        ("data__x__contains", "5", ["5", ["5", 5]]),
        ("data__x__contains", '{"b": "open"}', []),
        ("data__x__icontains", "ope", ["open", "OPEN", "re-open it"]),
        # A text is said to have itself as a key.
        ("data__x__has_key", "open", ["open", ["open"], ["open", 7], {"open": 1}]),
    ],
)
def test_contains_is_about_json(connect: ConnectSimulator, name: str, text: str, expected: list[Any]) -> None:
    data = [{"x": value} for value in VALUES if not name.endswith("icontains") or isinstance(value, str)]
    connect.set_records([a_record(number, data=one) for number, one in enumerate(data, 1)])
    headers = {"authorization": f"Bearer {connect.token('asha')}"}
    answer = connect.client.get(RECORDS, params={"opportunity_id": 814, name: text}, headers=headers)
    assert [one["data"]["x"] for one in sorted(answer.json(), key=lambda one: one["id"])] == expected
