"""GraphiQL in a real browser: a developer opens the page and every example runs, with only the gateway to talk to.

The browser is the machine's Chromium, not one that Playwright downloads. Whatever the browser says aloud (a console
error or warning, an uncaught exception, a refused resource) fails the test, as does a request to any other host.
"""

import itertools
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright

from bff.graphiql import Example, examples
from tests.needs import need_program

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE_MS = 30_000
PANE = "globalThis.__MONACO.editor.getModels().find(model => model.uri.path.endsWith('{}')).getValue()"
QUERY, RESPONSE = PANE.format("operation.graphql"), PANE.format("response.json")
VIOLATIONS = """
globalThis.cspViolations = [];
document.addEventListener("securitypolicyviolation", e => cspViolations.push(`${e.violatedDirective} ${e.blockedURI}`));
"""


@dataclass
class Heard:
    """All the page said and asked for while a test looked on."""

    said: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)

    def listen(self, page: Page) -> None:
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.said.append(f"uncaught: {error}"))
        page.on("requestfailed", self._failure)
        page.on("request", lambda request: self._host(request.url))
        page.on("websocket", lambda socket: self._host(socket.url))

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning", "assert"}:
            self.said.append(f"{message.type}: {message.text} {message.location}")

    def _failure(self, request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # a reload gives up what is still under way
            self.said.append(f"failed: {request.url} {request.failure}")

    def _host(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"data", "blob"}:
            self.hosts.add(parts.netloc)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = need_program("chromium", "chromium-browser", "google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def page(browser: Browser, dev_url: str, heard: Heard) -> Iterator[Page]:
    """The page as first opened."""
    with opened(browser, dev_url, heard) as page:
        yield page


@contextmanager
def opened(browser: Browser, dev_url: str, heard: Heard) -> Iterator[Page]:
    """A browser of its own: no storage, English."""
    context = browser.new_context(locale="en-GB", viewport={"width": 1400, "height": 900})
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    page.add_init_script(VIOLATIONS)
    heard.listen(page)
    page.goto(f"{dev_url}/graphql")
    expect(page.locator(".graphiql-query-editor .view-line").first).to_be_visible(timeout=PATIENCE_MS)
    yield page
    context.close()


TABS = [
    "ShopWindow",
    "SearchInGerman",
    "CategoryTree",
    "CreateCart",
    "FillCart",
    "ReadCart",
    "FindNumber",
    "HoldNumber",
    "CheckNumber",
    "BringNumber",
    "FollowNumber",
    "SignUp",
    "ConfirmSignUp",
    "CreateCustomer",
    "InviteMember",
    "Viewer",
    "LinkService",
]
EDITS = itertools.count()
CREATE, FILL, READ, FIND, HOLD, CHECK, BRING, FOLLOW = range(3, 11)
SIGN_UP, CONFIRM, CUSTOMER, INVITE, VIEWER, LINK = range(11, 17)


def assert_quiet(page: Page, heard: Heard, dev_url: str) -> None:
    assert heard.said == []
    assert page.evaluate("cspViolations") == []
    assert heard.hosts == {urlsplit(dev_url).netloc}


def select(page: Page, number: int) -> None:
    """Bring that example to the front; GraphiQL knows a tenth of a second later which operation it would run."""
    tab = page.get_by_role("tab").nth(number)
    tab.click()
    expect(tab).to_have_attribute("aria-selected", "true")
    eventually(page, f"sessionStorage['graphiql:query'] === {json.dumps(examples()[number].query)}")


def write(page: Page, query: str) -> None:
    """Type over what the query editor holds; it adds closing braces by itself."""
    page.locator(".graphiql-query-editor .view-lines").click()
    page.keyboard.press("Control+A")
    page.keyboard.type(query)


def eventually(page: Page, condition: str) -> None:
    """Playwright's own `wait_for_function` evaluates a string in the page, which the policy rightly refuses."""
    for _ in range(PATIENCE_MS // 100):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(100)
    pytest.fail(f"never came true: {condition}")


def run(page: Page, number: int) -> dict[str, Any]:
    """Press the run button in that tab; what the response pane then holds."""
    select(page, number)
    page.locator(".graphiql-execute-button").click()
    pane = page.locator(".result-window .view-lines")
    expect(page.locator(".graphiql-spinner")).to_have_count(0, timeout=PATIENCE_MS)
    expect(pane).to_contain_text('"data"', timeout=PATIENCE_MS)
    answer: dict[str, Any] = json.loads(page.evaluate(RESPONSE))
    return answer


def ask(dev_url: str, example: Example, **headers: str) -> dict[str, Any]:
    """The same question without a browser."""
    body = {"query": example.query, "variables": example.variables}
    response = httpx.post(f"{dev_url}/graphql", json=body, headers=example.headers | headers)
    answer: dict[str, Any] = response.json()
    return answer


def names(answer: dict[str, Any]) -> dict[str, str]:
    """Names of the offerings by their ids."""
    return {each["id"]: each["name"] for each in answer["data"]["productOfferings"]["nodes"]}


def test_the_examples_are_the_tabs_of_a_first_visit(page: Page, heard: Heard, dev_url: str) -> None:
    """One tab for each, in the order of the example files, each holding its query, variables and headers."""
    expect(page.get_by_role("tab")).to_contain_text(TABS)
    for number, example in enumerate(examples()):
        select(page, number)
        texts = page.evaluate("globalThis.__MONACO.editor.getModels().map(m => m.getValue())")
        assert example.query in texts
        assert not example.headers or json.dumps(example.headers, indent=2) in texts
        assert not example.variables or json.dumps(example.variables, indent=2) in texts
    assert_quiet(page, heard, dev_url)


@pytest.mark.parametrize("number", range(3), ids=TABS[:3])
def test_an_example_runs_at_the_press_of_the_button(page: Page, heard: Heard, dev_url: str, number: int) -> None:
    """The pane shows what the API answers to that query, and there is something in it."""
    example = examples()[number]

    answer = run(page, number)

    assert answer == ask(dev_url, example)
    assert "errors" not in answer
    assert all(value.get("nodes") if isinstance(value, dict) else value for value in answer["data"].values())
    assert_quiet(page, heard, dev_url)


def edit(page: Page, number: int, part: str, change: dict[str, Any]) -> None:
    """Put other JSON into a tab's `variables` or `headers`; no text twice, for the wait below is for a change."""
    select(page, number)
    text = json.dumps(change, indent=2) + " " * next(EDITS)
    page.evaluate(
        "([part, text]) => globalThis.__MONACO.editor.getModels()"
        ".find(model => model.uri.path.includes(part)).setValue(text)",
        [part, text],
    )
    eventually(page, f"sessionStorage['graphiql:{part}'] === {json.dumps(text)}")


def test_a_cart_from_the_first_tab_to_the_last(page: Page, heard: Heard, dev_url: str) -> None:
    """Made, filled, in conflict with a second tab that saw the same version, and read with what stands in its way."""
    made = run(page, CREATE)["data"]["createCart"]
    opened = {"X-Cart-Token": made["guestCartToken"]}
    wanted = {**examples()[FILL].variables["input"], "cartId": made["cart"]["id"]}
    edit(page, FILL, "headers", opened)
    edit(page, FILL, "variables", {"input": wanted})

    filled = run(page, FILL)["data"]["updateCart"]

    assert (filled["errors"], filled["cart"]["version"]) == ([], 2)
    assert [line["offering"]["name"] for line in filled["cart"]["lines"]["nodes"]] == [
        *("Family Duo", "Mobile S", "Mobile M"),
        "Kaiyo K1",
    ]
    edit(page, FILL, "variables", {"input": {**wanted, "idempotencyKey": "00000000-0000-4000-8000-000000000003"}})
    (lost,) = run(page, FILL)["data"]["updateCart"]["errors"]
    assert (lost["code"], lost["currentVersion"]) == ("VERSION_CONFLICT", 2)
    edit(page, READ, "headers", opened)
    assert run(page, READ)["data"]["cart"]["problems"] == []
    assert_quiet(page, heard, dev_url)


SUBSCRIBE = "subscription($id: ID!) { cartUpdated(id: $id) { version lines { nodes { quantity } } } }"


def test_a_cart_is_followed_in_the_page(page: Page, heard: Heard, dev_url: str) -> None:
    """Over a WebSocket that the page's policy lets through, with the tab's own headers: a change shows by itself."""
    edit(page, CREATE, "variables", {"input": {"idempotencyKey": "00000000-0000-4000-8000-000000000021"}})
    made = run(page, CREATE)["data"]["createCart"]
    opened = {"X-Cart-Token": made["guestCartToken"]}
    edit(page, READ, "headers", opened)
    edit(page, READ, "variables", {"id": made["cart"]["id"]})
    page.evaluate(f"text => {QUERY.replace('getValue()', 'setValue(text)')}", SUBSCRIBE)
    eventually(page, f"sessionStorage['graphiql:query'] === {json.dumps(SUBSCRIBE)}")
    page.locator(".graphiql-execute-button").click()
    pane = page.locator(".result-window .view-lines")
    expect(pane).to_contain_text('"version": 1', timeout=PATIENCE_MS)
    given = examples()[FILL].variables["input"]
    wanted = {**given, "cartId": made["cart"]["id"], "idempotencyKey": "00000000-0000-4000-8000-000000000022"}
    change = Example("change", examples()[FILL].query, {"input": wanted})
    assert ask(dev_url, change, **opened)["data"]["updateCart"]["errors"] == []
    expect(pane).to_contain_text('"version": 2', timeout=PATIENCE_MS)
    page.locator(".graphiql-execute-button").click()  # by now it stops


def sent_to(dev_url: str, to: str) -> str:
    """The code in the newest message to somebody, as the sandbox's outbox shows it."""
    parts = urlsplit(dev_url)
    outbox = f"http://{parts.hostname}:{(parts.port or 0) + 1}/outbox"
    for _ in range(PATIENCE_MS // 100):
        texts = [each["text"] for each in httpx.get(outbox).json() if each["to"] == to]
        if texts and (found := re.search(r"\d{6}", texts[-1])):
            return found[0]
    pytest.fail(f"nothing was sent to {to}")


def created(page: Page) -> dict[str, Any]:
    """What came of the customer in that tab; who is told that it is being done asks again with the same key."""
    for _ in range(PATIENCE_MS // 1_000):
        made: dict[str, Any] = run(page, CUSTOMER)["data"]["createCustomer"]
        if [error["code"] for error in made["errors"]] != ["IN_PROGRESS"]:
            return made
    pytest.fail("it never came to an end")


def test_from_signing_up_to_a_linked_line(page: Page, heard: Heard, dev_url: str) -> None:
    """Every tab about people in its order, with what the one before gave filled in; a company has a second member."""
    login, company = "tabs@example.com", "tabs-company@example.com"

    def wanted(number: int, **more: Any) -> dict[str, Any]:
        return {"input": {**examples()[number].variables["input"], **more}}

    edit(page, SIGN_UP, "variables", wanted(SIGN_UP, login=login))
    token = run(page, SIGN_UP)["data"]["signUp"]["challengeToken"]
    edit(page, CONFIRM, "variables", wanted(CONFIRM, challengeToken=token, code=sent_to(dev_url, login)))
    confirmed = run(page, CONFIRM)["data"]["confirmSignUp"]
    assert (confirmed["viewer"]["login"], confirmed["errors"]) == (login, [])
    bearer = {"Authorization": f"Bearer {confirmed['session']['accessToken']}"}

    party = examples()[CUSTOMER].variables["input"]["party"]["individual"]
    mine = {**party, "contact": {"email": login, "reminderConsent": False}}
    edit(page, CUSTOMER, "headers", bearer)
    edit(page, CUSTOMER, "variables", wanted(CUSTOMER, party={"individual": mine}))
    made = created(page)
    assert (made["errors"], made["customer"]["segment"]) == ([], "B2C")
    contact = {"email": company, "reminderConsent": False}
    acme = {"legalName": "Acme GmbH", "registrationNumber": "HRB 4711", "taxId": "DE123456789", "contact": contact}
    key = "00000000-0000-4000-8000-000000000096"
    edit(page, CUSTOMER, "variables", wanted(CUSTOMER, idempotencyKey=key, party={"organization": acme}))
    firm = created(page)
    assert (firm["errors"], firm["customer"]["segment"]) == ([], "B2B")
    edit(page, INVITE, "headers", bearer)
    edit(page, INVITE, "variables", wanted(INVITE, customerId=firm["customer"]["id"]))
    assert run(page, INVITE)["data"]["inviteMember"] == {"customer": {"displayName": "Acme GmbH"}, "errors": []}

    edit(page, LINK, "headers", bearer)
    line = wanted(LINK, customerId=made["customer"]["id"])
    edit(page, LINK, "variables", line)
    challenge = run(page, LINK)["data"]["linkService"]["challengeToken"]
    answer = {"challengeToken": challenge, "code": sent_to(dev_url, line["input"]["msisdn"])}
    edit(page, LINK, "variables", {"input": {**line["input"], **answer}})
    linked = run(page, LINK)["data"]["linkService"]
    assert linked == {"challengeToken": None, "product": {"name": "Mobile M", "msisdn": "+4915770000017"}, "errors": []}
    edit(page, VIEWER, "headers", bearer)
    edges = run(page, VIEWER)["data"]["viewer"]["customers"]["edges"]
    assert [(each["role"], each["node"]["displayName"]) for each in edges] == [
        ("OWNER", "Ada Winter"),
        ("OWNER", "Acme GmbH"),
    ]
    assert [each["msisdn"] for each in edges[0]["node"]["products"]["nodes"]] == ["+4915770000017"]
    assert_quiet(page, heard, dev_url)


def test_two_browsers_race_for_one_number(browser: Browser, page: Page, heard: Heard, dev_url: str) -> None:
    """Whoever comes second is told so, and offered others; one of these it then gets."""
    offer = run(page, FIND)["data"]["availableNumbers"][0]
    assert (offer["tier"], offer["price"]) == ("GOLD", {"amount": "49.99", "currency": "EUR"})
    with opened(browser, dev_url, heard) as second:
        first, beaten = hold(page, offer["offerToken"], "01"), hold(second, offer["offerToken"], "02")
        assert (first["reservation"]["resource"], first["errors"]) == (offer["msisdn"], [])
        (error,) = beaten["errors"]
        assert (beaten["reservation"], error["code"]) == (None, "NUMBER_UNAVAILABLE")
        another = hold(second, error["alternatives"][0]["offerToken"], "03")
        assert another["reservation"]["resource"] == error["alternatives"][0]["msisdn"]
    assert_quiet(page, heard, dev_url)


def hold(page: Page, offer: str, number: str) -> dict[str, Any]:
    """Make a cart, and hold what was offered for it; what came of that."""
    key = f"00000000-0000-4000-8000-0000000001{number}"
    edit(page, CREATE, "variables", {"input": {"idempotencyKey": key}})
    made = run(page, CREATE)["data"]["createCart"]
    edit(page, HOLD, "headers", {"X-Cart-Token": made["guestCartToken"]})
    wanted = {"idempotencyKey": key, "cartId": made["cart"]["id"], "offerToken": offer}
    edit(page, HOLD, "variables", {"input": wanted})
    held: dict[str, Any] = run(page, HOLD)["data"]["reserveNumber"]
    return held


def test_a_number_comes_from_another_provider(page: Page, heard: Heard, dev_url: str) -> None:
    """It can come, is asked for, and is seen to go on when the provider moves it: by its event, within moments."""
    key = "00000000-0000-4000-8000-000000000201"
    edit(page, CREATE, "variables", {"input": {"idempotencyKey": key}})
    made = run(page, CREATE)["data"]["createCart"]
    opened, cart = {"X-Cart-Token": made["guestCartToken"]}, made["cart"]["id"]
    edit(page, FILL, "headers", opened)
    edit(page, FILL, "variables", {"input": {**asked(FILL), "idempotencyKey": key, "cartId": cart}})
    line = run(page, FILL)["data"]["updateCart"]["cart"]["lines"]["nodes"][0]
    told = run(page, CHECK)["data"]["portability"]
    assert (told["portable"], told["requires"], told["reason"]) == (True, ["authorisationCode"], None)

    edit(page, BRING, "headers", opened)
    edit(page, BRING, "variables", {"input": {**asked(BRING), "cartId": cart, "lineId": line["id"]}})
    brought = run(page, BRING)["data"]["requestPortIn"]

    assert (brought["errors"], brought["portIn"]["status"]) == ([], "REQUESTED")
    sandbox = provider_of(dev_url)
    (port_in,) = httpx.get(f"{sandbox}/sandbox/porting").json()
    edit(page, FOLLOW, "headers", opened)
    edit(page, FOLLOW, "variables", {"id": cart})
    for state in ("validated", "scheduled", "ported"):
        httpx.post(f"{sandbox}/sandbox/porting/{port_in['id']}", json={"state": state}).raise_for_status()
        assert state.upper() in followed(page, state.upper())
    assert_quiet(page, heard, dev_url)


def asked(number: int) -> dict[str, Any]:
    """What an example asks for before anything is pasted into it."""
    given: dict[str, Any] = examples()[number].variables["input"]
    return given


def provider_of(dev_url: str) -> str:
    """The sandbox that `bff dev` runs on the port after its own."""
    shop = urlsplit(dev_url)
    return f"http://{shop.hostname}:{(shop.port or 0) + 1}"


def followed(page: Page, status: str) -> list[str]:
    """Where the numbers of the cart stand, once one stands there."""
    for _ in range(PATIENCE_MS // 100):
        nodes = run(page, FOLLOW)["data"]["cart"]["lines"]["nodes"]
        found = [each["portIn"]["status"] for each in nodes if each["portIn"]]
        if status in found:
            return found
        page.wait_for_timeout(100)
    return found


def test_the_german_tab_answers_in_german(page: Page, heard: Heard, dev_url: str) -> None:
    """The tab's own header decides, not the browser's language: offerings are named in other words than in English."""
    english = names(ask(dev_url, examples()[1], **{"Accept-Language": "en"}))

    german = names(run(page, 1))

    assert any(english[each] != name for each, name in german.items() if each in english)
    assert_quiet(page, heard, dev_url)


def test_tabs_and_their_headers_outlive_a_reload(page: Page, heard: Heard, dev_url: str) -> None:
    """A reload costs nobody the German tab's header."""
    select(page, 1)
    eventually(page, "['query', 'variables', 'headers'].every(part => sessionStorage[`graphiql:${part}`])")
    page.reload()
    expect(page.get_by_role("tab")).to_have_count(len(TABS))
    expect(page.get_by_role("tab").nth(1)).to_have_attribute("aria-selected", "true")

    assert run(page, 1) == ask(dev_url, examples()[1])
    assert_quiet(page, heard, dev_url)


def test_the_schema_is_there_to_read_and_to_complete(page: Page, heard: Heard, dev_url: str) -> None:
    """Introspection worked, in the documentation pane and in the worker behind the editor."""
    page.get_by_role("button", name="Show Documentation Explorer").click()
    page.locator(".graphiql-doc-explorer").get_by_role("link", name="Query", exact=True).click()
    expect(page.locator(".graphiql-doc-explorer")).to_contain_text("productOfferings")

    page.get_by_role("button", name="New tab").click()
    write(page, "{ categ")
    page.keyboard.press("Control+Space")
    expect(page.locator(".suggest-widget .monaco-list-row").first).to_contain_text("categories")
    assert_quiet(page, heard, dev_url)


def test_a_mistake_in_a_query_is_underlined(page: Page, heard: Heard, dev_url: str) -> None:
    """The editor's own check runs in a worker of ours, under the strict policy."""
    write(page, "{ nothingOfTheKind }")
    expect(page.locator(".graphiql-query-editor .squiggly-error").first).to_be_visible(timeout=PATIENCE_MS)
    assert_quiet(page, heard, dev_url)


def test_the_prettify_button_puts_a_query_in_order(page: Page, heard: Heard, dev_url: str) -> None:
    """The formatter is loaded only when it is first asked for, and still from here."""
    write(page, "{ categories { id")
    page.get_by_role("button", name="Prettify query").click()
    pretty = "{\n  categories {\n    id\n  }\n}\n"
    eventually(page, f"{QUERY} === {json.dumps(pretty)}")
    assert_quiet(page, heard, dev_url)
