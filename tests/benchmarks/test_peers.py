"""The comparison's own parts: what is asked, what counts as equal, what is worked out, what is drawn."""

import asyncio
import base64
import copy
import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from benchmarks.peers import content, report
from benchmarks.peers.__main__ import installed, pages, shares
from benchmarks.peers.charts import bars
from benchmarks.peers.driver import Asking, WrongAnswerError, load
from benchmarks.peers.replay import PREFIX, Answers, Served
from benchmarks.peers.report import Cell, Group, Turn
from benchmarks.peers.servers import GATEWAY, UNKEPT, Page, gateway_body

YOGA, APOLLO = "GraphQL Yoga, graphql-jit", "Apollo Server"


def _global(kind: str, local: str) -> str:
    return base64.urlsafe_b64encode(f"{kind}:{local}".encode()).decode().rstrip("=")


def _gateway_answer() -> dict[str, Any]:
    prices = [
        {"id": _global("OfferingPrice", "b"), "name": "B", "net": None},
        {"id": _global("OfferingPrice", "a"), "name": "A", "net": {"amount": "21.00", "currency": "EUR"}},
    ]
    node = {
        "id": _global("ProductOffering", "o"),
        "name": "O",
        "categories": [{"id": _global("Category", "c"), "name": "C"}],
        "specification": {"name": "S", "brand": None},
        "prices": prices,
    }
    return {"pa0": {"nodes": [node]}, "pa1": {"nodes": []}}


PEER_ANSWER = {
    "offerings": [
        {
            "id": "o",
            "name": "O",
            "categories": [{"id": "c", "name": "C"}],
            "specification": {"name": "S", "brand": None},
            "prices": [
                {"id": "a", "name": "A", "net": {"amount": "21", "currency": "EUR"}},
                {"id": "b", "name": "B", "net": None},
            ],
        }
    ]
}
PROXY_ANSWER = {
    "offerings": [
        {
            "id": "o",
            "name": "O",
            "category": [{"id": "c", "name": "C"}],
            "productSpecification": {"specification": {"name": "S", "brand": None}},
            "productOfferingPrice": [
                {"price": {"id": "a", "name": "A", "price": {"unit": "EUR", "value": 21.0}}},
                {"price": {"id": "b", "name": "B", "price": None}},
            ],
        }
    ]
}


class TestContent:
    def test_answers_of_three_shapes_that_say_the_same_are_equal(self) -> None:
        own = content.of_gateway(_gateway_answer())
        assert own == content.of_peer(PEER_ANSWER) == content.of_proxy(PROXY_ANSWER)
        assert content.difference(own, content.of_peer(PEER_ANSWER)) == ""

    def test_one_other_price_is_a_difference(self) -> None:
        changed = copy.deepcopy(PEER_ANSWER)
        changed["offerings"][0]["prices"][0]["net"] = {"amount": "21.01", "currency": "EUR"}  # type: ignore[index]
        assert "21.01" in content.difference(content.of_gateway(_gateway_answer()), content.of_peer(changed))

    def test_a_missing_offering_is_a_difference(self) -> None:
        assert content.difference(content.of_peer(PEER_ANSWER), []) == "1 offerings, not 0"


class TestWhatIsAsked:
    def test_a_page_of_two_hundred_is_two_pages_by_cursor_in_one_operation(self) -> None:
        known = [f"c{number}" for number in range(300)]
        sent = msgspec.json.decode(gateway_body(Page(40, 200), known))
        assert sent["variables"] == {"first": 100, "a0": "c39", "a1": "c139"}
        assert sent["query"].count("productOfferings(") == 2

    def test_the_first_page_has_no_cursor(self) -> None:
        assert msgspec.json.decode(gateway_body(Page(0, 20), []))["variables"] == {"first": 20, "a0": None}

    @pytest.mark.parametrize("connections", [16, 64])
    @pytest.mark.parametrize("group", sorted(UNKEPT))
    def test_where_nothing_is_kept_no_two_connections_ask_the_same(self, group: str, connections: int) -> None:
        asked = [page for share in shares(pages(group, 200), connections) for page in share]
        assert len(set(asked)) == len(asked) == 64

    def test_of_few_pages_each_connection_asks_one(self) -> None:
        assert [list(each) for each in shares(pages("whole", 20), 16)] == [[Page(0, 20)]] * 16


def _cell(group: str, server: str, per_second: float, *, size: int = 20, p99: float = 2.0) -> Cell:
    return Cell(group, server, size, 16, per_second, median=1.0, p99=p99, cpu=0.5, calls=3.0, busy=0.5)


def _group(name: str, *cells: Cell) -> Group:
    return Group(name, cells, {each.server: 100.0 for each in cells}, {})


class TestFigures:
    def test_a_cell_is_worked_out_over_all_its_turns(self) -> None:
        turns = [Turn([1.0, 2.0], 1.0, 0.004, 0.5, 6), Turn([3.0, 9.0], 1.0, 0.004, 0.7, 6)]
        cell = Cell.of("cold", GATEWAY, 20, 16, turns)
        assert (cell.per_second, cell.median, cell.p99, cell.cpu, cell.calls, cell.busy) == (2, 2.5, 9, 2, 3, 0.6)

    def test_cold_is_held_against_the_best_of_all(self) -> None:
        group = _group("cold", _cell("cold", GATEWAY, 600), _cell("cold", YOGA, 300), _cell("cold", APOLLO, 200))
        assert group.ratio(20, 16) == (2.0, YOGA)

    def test_whole_answers_are_held_against_apollo_whoever_is_better(self) -> None:
        group = _group("whole", _cell("whole", GATEWAY, 600), _cell("whole", YOGA, 300), _cell("whole", APOLLO, 200))
        assert group.ratio(20, 16) == (3.0, APOLLO)

    def test_without_the_rival_there_is_no_ratio(self) -> None:
        assert _group("cached", _cell("cached", GATEWAY, 1), _cell("cached", APOLLO, 1)).ratio(20, 16) is None

    @pytest.mark.parametrize(("value", "said"), [(3.0, "met"), (2.9, "floor met"), (1.9, "**missed**")])
    def test_a_figure_meets_the_goal_the_floor_or_neither(self, value: float, said: str) -> None:
        assert report.verdict(value, 3.0, 2.0) == said

    def test_the_worst_tail_is_the_one_that_is_told(self) -> None:
        cells = (_cell("cold", GATEWAY, 1), _cell("cold", GATEWAY, 1, size=200, p99=4.0))
        row = next(row for row in report.goals([_group("cold", *cells)]) if "p99" in row[0])
        assert (row[0].split("(")[1], row[3:]) == ("200 offerings, 16 connections)", ("4.0 ×", "**missed**"))

    def test_a_lead_that_shrinks_with_the_page_is_told(self) -> None:
        cells = [
            _cell("cold", name, rate, size=size)
            for name, rate, size in ((GATEWAY, 600, 20), (YOGA, 200, 20), (GATEWAY, 15, 1_000), (YOGA, 10, 1_000))
        ]
        row = next(row for row in report.goals([_group("cold", *cells)]) if "lead" in row[0])
        assert row[3:] == ("0.5 ×", "**missed**")

    def test_a_peer_that_is_not_there_is_named_with_the_reason(self) -> None:
        group = Group("cold", (_cell("cold", GATEWAY, 1),), {GATEWAY: 1.0}, {"Tailcall": "no binary"})
        assert "Not there: Tailcall (no binary)." in list(report.sections([group]))

    def test_a_cell_that_was_not_measured_is_called_too_slow(self) -> None:
        group = Group("cold", (_cell("cold", GATEWAY, 1),), {GATEWAY: 1.0, YOGA: 2.0}, {})
        assert f"| 20 | 16 | {YOGA} | too slow |" in report.measured(group)


def test_a_chart_is_well_formed_and_has_a_bar_for_each_figure() -> None:
    panels = [("20 offerings", [("a & b", 5.0), ("ours", 10.0)]), ("200 offerings", [("ours", 2.0)])]
    root = ET.fromstring(bars("Requests < second", panels, "ours"))
    texts = [each.text for each in root.iter("{http://www.w3.org/2000/svg}text")]
    assert texts.count("a & b") == 1
    assert len(list(root.iter("{http://www.w3.org/2000/svg}rect"))) == 1 + 3


RECORDED: dict[str, list[dict[str, Any]]] = {
    "productOffering": [{"id": f"o{number}", "name": f"O{number}", "version": "1"} for number in range(5)]
}


def _answer(query: str, collection: str = "productOffering") -> tuple[bytes, Any]:
    head, _, body = Answers(RECORDED).get(f"{PREFIX}{collection}?{query}".encode()).partition(b"\r\n\r\n")
    return head, msgspec.json.decode(body)


class TestReplay:
    def test_a_page_is_cut_out_and_the_whole_counted(self) -> None:
        head, items = _answer("offset=1&limit=2")
        assert [each["id"] for each in items] == ["o1", "o2"]
        assert b"X-Total-Count: 5" in head

    def test_only_the_fields_asked_for_are_there(self) -> None:
        assert _answer("fields=name&limit=1")[1] == [{"id": "o0", "name": "O0"}]

    def test_the_same_again_or_something_new_each_time(self) -> None:
        """What is new is nothing that anybody asked for."""
        target = f"{PREFIX}productOffering?fields=name&limit=2".encode()
        again, new = Answers(RECORDED), Answers(RECORDED, new=True)
        assert again.get(target) == again.get(target)
        texts = [new.get(target).partition(b"\r\n\r\n")[2] for _ in range(2)]
        first, second = (msgspec.json.decode(each, type=list[msgspec.Raw]) for each in texts)
        assert len({*map(bytes, (*first, *second))}) == 4
        named = [{"id": "o0", "name": "O0"}, {"id": "o1", "name": "O1"}]
        for each in texts:
            assert [{k: v for k, v in item.items() if k != "@serial"} for item in msgspec.json.decode(each)] == named

    @pytest.mark.parametrize("query", ["id=o3,o1,x", "id=o3%2Co1%2Cx", "id=o3&id=o1&id=x"])
    def test_ids_come_as_a_list_or_repeated(self, query: str) -> None:
        assert [each["id"] for each in _answer(query)[1]] == ["o3", "o1"]

    @pytest.mark.parametrize("new", [False, True])
    def test_one_comes_by_its_path(self, new: bool) -> None:
        answer = Answers(RECORDED, new=new).get(f"{PREFIX}productOffering/o3?fields=name".encode())
        found = msgspec.json.decode(answer.partition(b"\r\n\r\n")[2])
        assert {k: v for k, v in found.items() if k != "@serial"} == {"id": "o3", "name": "O3"}
        assert ("@serial" in found) is new

    def test_one_that_is_not_there_is_not_found(self) -> None:
        assert _answer("", "productOffering/x")[0].startswith(b"HTTP/1.1 404")

    def test_an_unknown_collection_is_not_found(self) -> None:
        assert _answer("", "catalog")[0].startswith(b"HTTP/1.1 404")


@asynccontextmanager
async def _served(answer: bytes) -> AsyncIterator[str]:
    server = await asyncio.get_running_loop().create_server(lambda: Served(lambda _: answer), "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/graphql"


ASKED = b"POST /graphql HTTP/1.1\r\nHost: x\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"


class TestLoad:
    @pytest.mark.parametrize("answer", [b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", CHUNKED])
    async def test_each_connection_asks_at_least_once(self, answer: bytes) -> None:
        async with _served(answer) as url:
            latencies, _ = await load(url, [Asking([ASKED], 3)] * 4, seconds=0)
        assert len(latencies) == 4

    @pytest.mark.parametrize(
        "answer",
        [
            b"HTTP/1.1 500 No\r\nContent-Length: 3\r\n\r\nabc",
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab",
            b'HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{"errors":[]}',
        ],
    )
    async def test_an_answer_that_cannot_be_right_ends_it(self, answer: bytes) -> None:
        async with _served(answer) as url:
            with pytest.raises(WrongAnswerError):
                await load(url, [Asking([ASKED], 3)], seconds=0)


def test_without_npm_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert installed() == "there is no npm here"
