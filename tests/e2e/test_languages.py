"""The web client in six languages: the browser's, or the one that a person chooses."""

import re
from collections.abc import Iterator

import pytest
from playwright.async_api import Page, Route, expect

from tests.e2e.axe import violations
from tests.e2e.catalogue import LOCALES, Said, english_on
from tests.e2e.conftest import AtBrowser
from tests.e2e.look import fits
from tests.e2e.participant import Participant
from tests.people import Visitors, unique

pytestmark = pytest.mark.database("sqlite")

_NARROW = {"width": 320, "height": 640}
_NAMES = {"de": "Deutsch", "es": "Español", "fr": "Français", "ru": "Русский", "ar": "العربية"}
"""Each language as it names itself."""
_AUDITED = "ar"
"""Audited by axe: what the direction of writing changes is changed here."""
_RECORDS_TEXTS = """
  window.textsSeen = new Set();
  const record = () => document.body && window.textsSeen.add(document.body.textContent);
  new MutationObserver(record).observe(document, { subtree: true, childList: true, characterData: true });
"""


class Photograph:
    """Checks a page in another language; with `--pictures` it is in test-results/screenshots too."""

    def __init__(self, config: pytest.Config) -> None:
        folder = config.rootpath / "test-results" / "screenshots"
        self._folder = folder if config.getoption("--pictures") else None
        self.complaints: list[str] = []

    async def __call__(self, page: Page, language: str, name: str) -> None:
        if not await fits(page, _NARROW["width"]):
            width = await page.evaluate("document.documentElement.scrollWidth")
            self.complaints.append(f"{name}: {width} px wide")
        self.complaints += [f"{name}: {text}" for text in await english_on(page, language)]
        if language == _AUDITED:
            # What is explained to a mouse that rests is not a part of the page.
            await page.mouse.move(0, 0)
            await expect(page.get_by_role("tooltip")).to_have_count(0)
            self.complaints += [f"{name}: {found}" for found in await violations(page)]
        if self._folder is not None:
            self._folder.mkdir(parents=True, exist_ok=True)
            await page.screenshot(path=self._folder / f"{language}-{name}.png", animations="disabled")


@pytest.fixture
def photograph(pytestconfig: pytest.Config) -> Iterator[Photograph]:
    photograph = Photograph(pytestconfig)
    yield photograph
    assert not photograph.complaints, "\n".join(photograph.complaints)


async def chooses(person: Participant, language: str) -> None:
    """Choose a language in the page's foot, which names each language in itself."""
    await person.page.locator(".page-foot").get_by_role("button").click()
    await person.page.get_by_role("menuitemradio", name=language, exact=True).click()


def html(**attributes: str) -> str:
    return "html" + "".join(f'[{name}="{value}"]' for name, value in attributes.items())


async def test_a_browser_decides_and_nobody_sees_another_language_first(
    visitors: Visitors, at_browser: AtBrowser
) -> None:
    said = Said("de")
    sam = await at_browser(await visitors.stranger("sam"), locale="de-DE")
    page = sam.page
    await page.add_init_script(_RECORDS_TEXTS)
    loaded: list[str] = []
    page.on("request", lambda request: loaded.append(request.url))
    await page.goto("/")
    await expect(sam.heading(said("home.welcomeTitle"))).to_be_visible()
    await expect(page.locator(html(lang="de", dir="ltr"))).to_have_count(1)
    seen = "\n".join(await page.evaluate("() => [...window.textsSeen]"))
    assert "Good conversations need a room" not in seen
    texts = [found[1] for url in loaded if (found := re.search(r"/texts-(\w+-\w+)-", url))]
    assert sorted(set(texts)) == ["common-de", "refusals-de"], (
        "the chosen language alone, the home page's part"
    )
    assert await english_on(page, "de") == []


async def test_a_registration_in_german(visitors: Visitors, at_browser: AtBrowser) -> None:
    said = Said("de")
    account = await visitors.stranger("sam")
    sam = await at_browser(account, locale="de-DE")
    page = sam.page
    await page.goto("/register")
    await sam.field(said("field.email")).fill(account.email)
    await sam.field(said("field.username")).fill("x")
    await sam.field(said("field.password")).fill(account.password)
    await sam.button(said("register.submit")).click()
    await expect(page.get_by_text("Verwenden Sie 4 bis 24 Zeichen.")).to_be_visible()
    await sam.field(said("field.username")).fill(account.username or "")
    await sam.button(said("register.submit")).click()
    await expect(sam.heading(said("mail.title"))).to_be_visible()
    assert await english_on(page, "de") == []
    mail = await account.server.expect_mail(account.email)
    assert mail.subject == "Bestätigen Sie Ihr Parlour-Konto"
    token = mail.text.split("/verifyclient/")[1].split()[0]
    await page.goto(f"/verifyclient/{token}")
    await sam.button(said("confirm.submit")).click()
    await expect(sam.heading(said("confirm.done"))).to_be_visible()
    await page.context.clear_cookies()

    await page.goto("/login")
    await sam.field(said("login.account")).fill(account.username or "")
    await sam.field(said("field.password")).fill("not mine at all")
    await sam.button(said("app.logIn")).click()
    await expect(page.get_by_role("alert")).to_have_text(said("refusal.wrong_credentials"))


async def test_a_language_is_chosen_and_kept(visitors: Visitors, at_browser: AtBrowser) -> None:
    sam = await at_browser(await visitors.client("sam"))
    page = sam.page
    await sam.logs_in()
    await chooses(sam, "العربية")
    said = Said("ar")
    await expect(page.get_by_role("heading", name=said("home.rooms"), exact=True)).to_be_visible()
    await expect(page.locator(html(lang="ar", dir="rtl"))).to_have_count(1)
    await page.reload()
    await expect(page.get_by_role("heading", name=said("home.rooms"), exact=True)).to_be_visible()
    assert await english_on(page, "ar") == []
    await page.goto("/profile")
    await sam.button(said("account.changePassword")).click()
    await sam.field(said("field.currentPassword")).fill(sam.account.password)
    await sam.field(said("field.newPassword")).fill("another fine sentence")
    await sam.button(said("account.submitPassword")).click()
    await expect(page.get_by_role("alertdialog")).to_contain_text(said("account.passwordChanged"))
    mail = await sam.account.server.expect_mail(sam.account.email)
    while mail.subject != "تم تغيير كلمة مرورك في Parlour":
        mail = await sam.account.server.expect_mail(sam.account.email)
    await page.goto("/")
    await chooses(sam, said("app.languageOfBrowser"))
    await sam.expects_to_be_at_home()
    await expect(page.locator(html(lang="en", dir="ltr"))).to_have_count(1)


async def test_the_lobby_changes_its_language_with_the_camera_on(
    visitors: Visitors, at_browser: AtBrowser
) -> None:
    account = await visitors.client("ann")
    room = await account.creates_room()
    ann = await at_browser(account)
    await ann.comes_to(room)
    video = ann.page.locator("video")
    await expect(video).to_have_count(1)
    await video.evaluate("(video) => { video.dataset.same = 'yes'; }")
    await chooses(ann, "Français")
    said = Said("fr")
    await expect(ann.button(said("app.enterRoom"))).to_be_visible()
    await expect(ann.page.locator("video[data-same=yes]")).to_have_count(1)
    await ann.button(said("app.enterRoom")).click()
    await expect(ann.page.get_by_role("timer", name=said("call.bar.time"))).to_be_visible()
    assert await english_on(ann.page, "fr") == []


async def test_where_a_language_cannot_be_loaded_the_page_is_english(
    visitors: Visitors, at_browser: AtBrowser
) -> None:
    async def lost(route: Route) -> None:
        await route.abort()

    sam = await at_browser(await visitors.stranger("sam"), locale="de-DE")
    await sam.page.route(re.compile(r"/texts-"), lost)
    await sam.page.goto("/login")
    await expect(sam.heading("Welcome back")).to_be_visible()
    await expect(sam.page.locator(html(lang="en", dir="ltr"))).to_have_count(1)


@pytest.mark.parametrize("language", LOCALES)
async def test_pages_speak_the_language_and_fit_a_small_phone(
    visitors: Visitors, at_browser: AtBrowser, language: str, photograph: Photograph
) -> None:
    said = Said(language)
    account = await visitors.client("ann")
    await account.creates_room(unique("Garden"))
    ann = await at_browser(account, locale=LOCALES[language], viewport=_NARROW, reduced_motion="reduce")
    page = ann.page

    async def shows(path: str, heading: str, *, anew: bool = False) -> None:
        """As a link of the page does, or as the address does that one types."""
        if anew:
            await page.goto(path)
        else:
            await page.evaluate("(path) => history.pushState(null, '', path)", path)
        await expect(page.get_by_role("heading", name=said(heading), exact=True, level=1)).to_be_visible()
        await photograph(page, language, path.strip("/?").replace("/", "-") or "home")

    await shows("/", "home.welcomeTitle", anew=True)
    await shows("/register", "app.signUp")
    await shows("/register?as=guest", "app.signUp", anew=True)
    await shows("/forgot", "forgot.title")
    await shows("/nothing", "notFound.heading")
    await shows("/verifyguest/no-such-token", "link.dead")
    await shows("/mail?email=ann@example.org", "mail.title")
    await shows("/check", "check.title")
    await shows("/login", "login.title")
    await ann.field(said("login.account")).fill(account.username or "")
    await ann.field(said("field.password")).fill(account.password)
    await ann.button(said("app.logIn")).click()
    await expect(ann.button(said("app.accountOf", name=ann.name))).to_be_visible()
    await shows("/new", "newRoom.title")
    await shows("/", "home.rooms")
    await page.evaluate("history.pushState(null, '', '/profile')")
    sessions = page.get_by_role("list", name=said("sessions.list"))
    await expect(sessions.get_by_role("listitem").first).to_be_visible()
    await photograph(page, language, "profile")


async def test_a_call_speaks_each_language_and_fits_a_small_phone(
    visitors: Visitors, at_browser: AtBrowser, photograph: Photograph
) -> None:
    """Ann chooses each in the lobby, enters, and leaves again."""
    host, other = await visitors.client("ann"), await visitors.client("bob")
    event = await host.creates_event(unique("Summer"))
    await host.invites(other, to=event)
    bob = await at_browser(other)
    ann = await at_browser(host, viewport=_NARROW, reduced_motion="reduce")
    for person in (ann, bob):
        await person.comes_to(event)
    for language, name in _NAMES.items():
        said = Said(language)
        await chooses(ann, name)
        await expect(ann.button(said("app.enterRoom"))).to_be_visible()
        await photograph(ann.page, language, "lobby")
        await ann.button(said("app.enterRoom")).click()
        await expect(ann.page.get_by_role("timer", name=said("call.bar.time"))).to_be_visible()
        await photograph(ann.page, language, "call-alone")
        await bob.enters()
        await _a_call_of_two(ann, bob, language, photograph)
        await bob.leaves()
        await bob.button("Enter again").click()
        await ann.button(said("call.controls.leave")).click()
        await expect(ann.button(said("call.exit.again"))).to_be_visible()
        await photograph(ann.page, language, "call-left")
        await ann.button(said("call.exit.again")).click()


async def _a_call_of_two(ann: Participant, bob: Participant, language: str, photograph: Photograph) -> None:
    page, said = ann.page, Said(language)
    await expect(page.get_by_label(said("call.tile.video", name=bob.name), exact=True)).to_be_visible()
    await photograph(page, language, "call")
    for panel in ("call.chat.title", "call.people.title"):
        await page.get_by_role("toolbar").get_by_role("button", name=said(panel)).click()
        await expect(page.get_by_role("complementary", name=said(panel))).to_be_visible()
        await photograph(page, language, panel.replace(".", "-"))
        await page.keyboard.press("Escape")
    titles = {"call.bar.attendance": "call.bar.attendance", "call.bar.invite": "invite.title"}
    for dialog, title in titles.items():
        await ann.button(said("call.controls.more")).click()  # the bar above has no room for it
        await page.get_by_role("menuitem", name=said(dialog)).click()
        # By name: the menu, which is a dialog too, may still be fading out.
        await expect(page.get_by_role("dialog", name=said(title), exact=True)).to_be_visible()
        await photograph(page, language, dialog.replace(".", "-"))
        await page.keyboard.press("Escape")
