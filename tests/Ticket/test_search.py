"""Which tickets the list's filters and the search find."""

from typing import Any

import pytest

from tests.support.client import Api

LIST = "/api/tickets/"
SEARCH = "/api/tickets/search/by-event"


def names(tickets: list[Any]) -> list[str]:
    return [ticket["event_name"] for ticket in tickets]


def found(api: Api, q: str, **query: Any) -> list[str]:
    return sorted(names(api.get(SEARCH, q=q, **query)))


@pytest.mark.parametrize("address", [LIST, SEARCH])
class TestFilters:
    """The search understands every filter of the list."""

    @pytest.mark.parametrize("field", ["event_name", "venue"])
    def test_event_name_and_venue_match_a_part_in_any_case(
        self, api: Api, address: str, field: str
    ) -> None:
        texts = ("Grand Café Élite", "grand café élite", "Straße", "οδός", "50% off_")
        for text in (*texts, "back\\slash", "a/b", "it's"):
            api.ticket(**{field: text})
        both = ["Grand Café Élite", "grand café élite"]
        expected = {
            "café": both,
            "CAFÉ ÉLITE": both,
            "cafe\u0301": both,
            "  café  ": both,
            "cafe": [],
            "élite grand": [],
            "straße": ["Straße"],
            "STRASSE": ["Straße"],
            "ΟΔΌΣ": ["οδός"],
            "50%": ["50% off_"],
            "%": ["50% off_"],
            "_": ["50% off_"],
            "5_%": [],
            "\\": ["back\\slash"],
            "K\\S": ["back\\slash"],
            "/": ["a/b"],
            "'": ["it's"],
        }
        matches = {
            part: [ticket[field] for ticket in api.get(address, **{field: part})]
            for part in expected
        }
        assert matches == expected

    def test_category_matches_as_a_whole_in_any_case(self, api: Api, address: str) -> None:
        for category in ("VIP", "vip", "VIP Élan", "Stalls"):
            api.ticket(category=category)

        def categories(value: str) -> list[str]:
            return [ticket["category"] for ticket in api.get(address, category=value)]

        assert categories("Vip") == ["VIP", "vip"]
        assert categories("vip éLAN") == ["VIP Élan"]
        assert categories("V%") == []

    def test_status_matches_what_is_shown(self, api: Api, address: str) -> None:
        user = api.user()
        made = {name: api.ticket(event_name=name, total_quantity=1) for name in "abcde"}
        api.order(user, (made["b"], 1))
        api.paid_order(user, (made["c"], 1))
        for name, status in (("d", "cancelled"), ("e", "sold")):
            api.patch(f"/api/tickets/{made[name]['id']}/status", {"status": status})
        shown = {
            status: names(api.get(address, status=status))
            for status in ("available", "reserved", "sold", "cancelled")
        }
        assert shown == {
            "available": ["a"],
            "reserved": ["b"],
            "sold": ["c", "e"],
            "cancelled": ["d"],
        }
        assert names(api.get(address, available="true")) == ["a"]
        assert names(api.get(address, available="false")) == ["b", "c", "d", "e"]

    def test_price_bounds_are_inclusive(self, api: Api, address: str) -> None:
        for price in (0, 9.99, 10, 10.01):
            api.ticket(price=price, event_name=str(price))
        assert names(api.get(address, min_price="10")) == ["10", "10.01"]
        assert names(api.get(address, max_price="10.00")) == ["0", "9.99", "10"]
        assert names(api.get(address, min_price="9.99", max_price="10")) == ["9.99", "10"]
        assert names(api.get(address, min_price="5", max_price="1")) == []

    def test_a_bare_date_includes_its_day_and_an_upper_time_is_exclusive(
        self, api: Api, address: str
    ) -> None:
        dates = (
            "2027-05-01T00:00:00Z",
            "2027-05-01T23:59:59.999999Z",
            "2027-05-02T00:00:00Z",
            "2027-05-02T12:00:00Z",
            "2027-05-02T23:59:59.999999Z",
            "2027-05-03T00:00:00Z",
        )
        for name, date in zip("abcdef", dates, strict=True):
            api.ticket(event_name=name, event_date=date)

        def between(**bounds: str) -> str:
            return "".join(names(api.get(address, **bounds)))

        expected_from = {
            "2027-05-02": "cdef",
            "2027-05-02T00:00:00Z": "cdef",
            "2027-05-02T00:00:00.000001Z": "def",
            "2027-05-01T22:00:00-02:00": "cdef",
        }
        assert {bound: between(date_from=bound) for bound in expected_from} == expected_from
        expected_to = {
            "2027-05-02": "abcde",
            "2027-05-02T23:59:59.999999Z": "abcd",
            "2027-05-03T00:00:00Z": "abcde",
            "2027-05-02T00:00:00Z": "ab",
            "2027-05-02T02:00:00+02:00": "ab",
            # A "+" that was not escaped arrives as a blank.
            "2027-05-02T02:00:00 02:00": "ab",
            "2027-05-02T12:00:00": "abc",
            "2027-05-02 12:00": "abc",
        }
        assert {bound: between(date_to=bound) for bound in expected_to} == expected_to
        assert between(date_from="2027-05-02", date_to="2027-05-02") == "cde"
        assert between(date_from="2027-05-03", date_to="2027-05-02") == ""

    def test_a_ticket_must_match_every_filter(self, api: Api, address: str) -> None:
        api.ticket(event_name="Rock night", venue="Arena", price=10)
        api.ticket(event_name="Rock day", venue="Arena", price=90)
        api.ticket(event_name="Rock night", venue="Park", price=10)
        query = {"event_name": "rock", "venue": "ARENA", "max_price": 50, "status": "available"}
        assert [ticket["id"] for ticket in api.get(address, **query)] == [1]
        assert api.get(address, **query, category="none") == []


class TestSearch:
    def test_every_word_must_occur_somewhere(self, api: Api) -> None:
        api.ticket(event_name="Rock", venue="Arena", category="VIP", event_description="Loud")
        api.ticket(event_name="Rock", venue="Park", category="Lawn", event_description=None)
        for q in ("rock", "  ROCK  ", "ro oc"):
            assert len(found(api, q)) == 2
        for q in ("arena rock", "vip loud", "loud rock arena vip", "aren vi"):
            assert len(found(api, q)) == 1
        for q in ("rock arena lawn", "rocks", "rockarena", "zzz"):
            assert found(api, q) == []

    def test_case_and_accents_do_not_matter_on_either_side(self, api: Api) -> None:
        api.ticket(event_name="Café Crème", event_description="brûlée")
        api.ticket(event_name="CAFE CREME", event_description="BRULEE")
        api.ticket(event_name="Cafe\u0301 Cre\u0300me", event_description="bru\u0302le\u0301e")
        api.ticket(event_name="Tea")
        for q in ("cafe", "CAFÉ", "Cafe\u0301", "creme cafe", "CRÈME", "brulee", "BRÛLÉE café"):
            assert len(found(api, q)) == 3, q

    def test_scripts_other_than_ascii_are_folded_too(self, api: Api) -> None:
        asked = {
            "Straße": "strasse",
            "STRASSEN": "straßen",
            "Ångström": "angstrom",
            "Żółć": "ŻOŁĆ",
            "ΟΔΥΣΣΕΎΣ": "οδυσσευς",
            "ПЁТР": "петр",
            "İstanbul": "istanbul",
            "ﬁlm": "FILM",
            "日本公演": "公演",
            "Rock\u00a0Night": "rock night",
        }
        for name in asked:
            api.ticket(event_name=name, venue="x", category="y")
        assert {name: name in found(api, q) for name, q in asked.items()} == dict.fromkeys(
            asked, True
        )

    def test_wildcards_are_letters(self, api: Api) -> None:
        for name in ("100%", "a_b", "c\\d", "e/f", "axb"):
            api.ticket(event_name=name)
        expected = {
            "%": ["100%"],
            "\N{FULLWIDTH PERCENT SIGN}": ["100%"],
            "0%": ["100%"],
            "a%": [],
            "%%": [],
            "_": ["a_b"],
            "a_": ["a_b"],
            "\\": ["c\\d"],
            "c\\d": ["c\\d"],
            "\\%": [],
            "/": ["e/f"],
            "' OR 1=1 --": [],
        }
        assert {q: found(api, q) for q in expected} == expected

    def test_no_word_is_found_across_the_end_of_a_text(self, api: Api) -> None:
        api.ticket(event_name="Rock", event_description=None, venue="Arena", category="VIP")
        assert found(api, "karena") == []

    def test_a_query_without_a_word_is_refused(self, api: Api) -> None:
        for q in ("", "   ", "\u0301"):
            problem = api.refused("GET", SEARCH, q=q)
            assert (problem["status"], problem["errors"][0]["parameter"]) == (422, "q")

    def test_eight_words_are_looked_for_and_nine_are_refused(self, api: Api) -> None:
        name = "one two three four five six seven eight"
        api.ticket(event_name=name)
        assert found(api, name) == [name]
        problem = api.refused("GET", SEARCH, q=f"{name} nine")
        (error,) = problem["errors"]
        assert (problem["status"], error["code"]) == (422, "too_many_words")
        assert error["detail"] == "must have 8 words at most, not 9"

    def test_what_takes_the_database_long_is_refused_before_it_is_asked(self, api: Api) -> None:
        """Fifty words of two letters, which are as many looks at every text."""
        attack = " ".join(f"a{letter}" for letter in "bcdefghijklmnopqrstuvwxyz" * 2)
        assert api.refused("GET", SEARCH, q=attack)["errors"][0]["code"] == "too_many_words"

    def test_a_word_that_stands_in_another_changes_nothing(self, api: Api) -> None:
        api.ticket(event_name="Rock arena", venue="x", category="y", event_description=None)
        api.ticket(event_name="Rock", venue="x", category="y", event_description=None)
        for q in ("rock roc arena", "aren rock rock arena o", "a rock arena"):
            assert found(api, q) == ["Rock arena"], q

    def test_without_words_the_filters_alone_decide(self, api: Api) -> None:
        api.ticket(price=1)
        api.ticket(price=2)
        assert [ticket["price"] for ticket in api.get(SEARCH, min_price=2)] == [2]

    def test_words_and_filters_must_both_match(self, api: Api) -> None:
        api.ticket(event_name="Rock night", price=10)
        api.ticket(event_name="Rock day", price=90)
        api.ticket(event_name="Jazz", price=10)
        assert found(api, "rock", max_price=50) == ["Rock night"]

    def test_the_order_is_that_of_the_events(self, api: Api) -> None:
        for name, day in (("c", 3), ("a", 1), ("d", 3), ("b", 2)):
            api.ticket(event_name=name, event_date=f"2027-01-0{day}T12:00:00Z")
        assert names(api.get(SEARCH)) == ["a", "b", "c", "d"]
        assert names(api.get(SEARCH, sort="-event_date")) == ["c", "d", "b", "a"]
        assert names(api.get(SEARCH, sort="id")) == ["c", "a", "d", "b"]

    def test_a_deleted_ticket_is_not_found(self, api: Api) -> None:
        ticket = api.ticket(event_name="Rock")
        api.delete(f"/api/tickets/{ticket['id']}")
        assert found(api, "rock") == []
