"""The page in a real browser: Chromium without a network, driven by playwright."""

import os
import shutil

import numpy as np
import pytest
from cases import CHEAP, make_table

from aeanomaly import AutoencoderOutlierDetector

playwright = pytest.importorskip(
    "playwright.sync_api", reason="playwright is not installed: no browser"
)
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))),
    None,
)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed"),
]
HOSTILE = "<script>document.title='hit'</script><img src=x onerror=alert(1)>\u202e"
# Where the script of axe-core is, if somebody has it.
AXE = os.environ.get("AXE_SCRIPT")


@pytest.fixture(scope="module")
def detector():
    table = make_table().assign(**{HOSTILE: "a"})
    table.loc[::2, HOSTILE] = "b"
    return AutoencoderOutlierDetector(**CHEAP).fit(table)


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as driver:
        # A container has no sandbox of its own to offer.
        browser = driver.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox"]
        )
        yield browser
        browser.close()


def rows(n_rows):
    table = make_table(n_rows, seed=1).assign(**{HOSTILE: "a"})
    table.loc[::2, HOSTILE] = "b"
    table.loc[: n_rows // 20, "amount"] = 1e6
    table.loc[n_rows // 20 : n_rows // 10, HOSTILE] = HOSTILE + "x" * 10_000
    return table


@pytest.fixture(scope="module")
def page_of(detector, browser, tmp_path_factory):
    """A function that opens the report of so many rows; console errors are kept."""
    folder, opened, paths = tmp_path_factory.mktemp("pages"), [], {}

    def page_of(n_rows, width=1280, scheme="light"):
        if n_rows not in paths:
            paths[n_rows] = folder / f"{n_rows}.html"
            table = rows(n_rows)
            labels = np.arange(n_rows) <= n_rows // 20
            detector.report(table, labels, paths[n_rows], title=HOSTILE)
        context = browser.new_context(
            viewport={"width": width, "height": 900}, offline=True, color_scheme=scheme
        )
        opened.append(context)
        page = context.new_page()
        page.wrong = []
        page.on("console", lambda message: page.wrong.append(message.text))
        page.on("pageerror", lambda error: page.wrong.append(str(error)))
        page.on("dialog", lambda dialog: page.wrong.append(dialog.message))
        page.on("request", lambda request: page.wrong.append(request.url))
        page.goto(paths[n_rows].as_uri())
        page.wrong.remove(paths[n_rows].as_uri())
        return page

    yield page_of
    for context in opened:
        context.close()


def shown_scores(page):
    texts = page.locator("#top-rows tr.row:not([hidden]) td[data-name=Score]")
    return [float(text.split()[0]) for text in texts.all_inner_texts()]


@pytest.mark.parametrize("n_rows", [10, 50_000])
def test_a_page_opens_from_disk_without_a_network(page_of, n_rows):
    page = page_of(n_rows)
    assert page.locator("#top-rows tr.row").count() == min(n_rows, 100)
    assert page.wrong == []
    assert len(page.content()) < 3_000_000


def test_hostile_strings_stay_text(page_of):
    page = page_of(400)
    shown = HOSTILE.replace("\u202e", r"\u202e")
    assert page.title() == shown
    assert page.locator("h1").inner_text() == shown
    assert page.locator("img").count() == 0
    page.locator(".open").nth(30).click()
    assert page.wrong == []


def test_sorting_searching_and_opening_work(page_of):
    page = page_of(400)
    scores = shown_scores(page)
    assert scores == sorted(scores)
    head = page.get_by_role("button", name="Score", exact=True)
    head.click()
    assert shown_scores(page) == sorted(scores, reverse=True)
    sorted_by = page.locator("th[aria-sort=descending]")
    assert sorted_by.inner_text().startswith("Score")
    page.get_by_role("button", name="Row", exact=True).click()
    names = page.locator("#top-rows tr.row .open").all_inner_texts()
    assert [int(n) for n in names] == sorted(int(n) for n in names)

    first = page.locator(".open").first
    detail = page.locator(f"#{first.get_attribute('aria-controls')}")
    assert detail.is_hidden()
    first.click()
    assert detail.is_visible()
    assert first.get_attribute("aria-expanded") == "true"
    assert "Nearest ordinary row" in detail.inner_text()
    first.click()
    assert detail.is_hidden()

    page.get_by_label("Search in rows and their details").fill("no such words")
    assert "0 of 100 rows" in page.get_by_role("status").inner_text()
    page.get_by_label("Search in rows and their details").fill("AMOUNT  1000000")
    found = int(page.get_by_role("status").inner_text().split()[0])
    assert 0 < found <= 100
    assert len(shown_scores(page)) == found
    page.get_by_label("Search in rows and their details").fill("")
    page.get_by_role("button", name="Show those listed").first.click()
    assert 0 < len(shown_scores(page)) <= 100
    assert page.wrong == []


def test_a_row_is_opened_by_keyboard(page_of):
    page = page_of(400)
    page.get_by_label("Group").focus()
    # A button for each column that sorts, then the first row.
    for _ in range(7):
        page.keyboard.press("Tab")
    focused = page.evaluate("document.activeElement.className")
    assert focused == "open"
    page.keyboard.press("Enter")
    expanded = page.evaluate("document.activeElement.getAttribute('aria-expanded')")
    assert expanded == "true"


@pytest.mark.parametrize("media", ["screen", "print"])
@pytest.mark.parametrize("width", [1280, 800, 390])
def test_nothing_is_wider_than_the_screen(page_of, width, media):
    page = page_of(400, width)
    page.locator(".open").first.click()
    page.emulate_media(media=media)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_paper(page_of, scheme):
    page = page_of(10, scheme=scheme)
    colours = page.evaluate(
        """() => ["--paper", "--panel", "--ink", "--faint", "--link", "--flag"].map(
        name => getComputedStyle(document.documentElement).getPropertyValue(name))"""
    )
    paper, panel, *inks = [luminance(colour.strip()) for colour in colours]
    for ink in inks:
        for ground in (paper, panel):
            low, high = sorted((ink, ground))
            assert (high + 0.05) / (low + 0.05) >= 4.5


def luminance(colour):
    channels = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(
        channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4
    )
    return linear @ [0.2126, 0.7152, 0.0722]


@pytest.mark.skipif(AXE is None, reason="AXE_SCRIPT does not say where axe-core is")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_no_serious_fault(page_of, scheme, width):
    page = page_of(400, width, scheme)
    page.locator(".open").first.click()
    with open(AXE, encoding="utf-8") as file:
        page.evaluate(file.read())
    found = page.evaluate("axe.run()")["violations"]
    serious = [f for f in found if f["impact"] in ("serious", "critical")]
    assert [(f["id"], [n["html"][:200] for n in f["nodes"]]) for f in serious] == []
