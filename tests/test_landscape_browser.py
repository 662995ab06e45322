"""The landscape's page in a real browser: the dot dragged by mouse and finger, moved by keys, and what follows."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from fastmlp.visual import LANDSCAPES, descend, save_landscape

webdriver = pytest.importorskip("selenium.webdriver", reason="selenium, which drives a browser, is not installed")
CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
if not (CHROMIUM and DRIVER):
    pytest.skip("Debian's chromium and chromium-driver are not installed", allow_module_level=True)

from selenium.webdriver.common.action_chains import ActionChains  # noqa: E402
from selenium.webdriver.common.actions.action_builder import ActionBuilder  # noqa: E402
from selenium.webdriver.common.actions.interaction import POINTER_TOUCH  # noqa: E402
from selenium.webdriver.common.actions.pointer_input import PointerInput  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402
from selenium.webdriver.support.ui import Select, WebDriverWait  # noqa: E402

FLAGS = [
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage"),
    "--window-size=1200,1250",
]
NEAR = 0.02  # within two pixels


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """A browser that shows the page, as a user opens it: from a file."""
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    service = webdriver.ChromeService(executable_path=DRIVER)
    driver = webdriver.Chrome(options=options, service=service)
    driver.get(Path(save_landscape(tmp_path_factory.mktemp("page") / "landscape.html")).as_uri())
    yield driver
    log = driver.get_log("browser")
    driver.quit()
    assert not log, "errors, or something that its content security policy kept from loading"


@pytest.fixture
def at(browser):
    """Finds an element of the page, which is as it was at first."""
    browser.refresh()
    return lambda name: browser.find_element(By.ID, name)


def number(field):
    return float(field.get_attribute("value"))


def start(at):
    return np.array([number(at("w1")), number(at("w2"))])


def pixel(browser, point):
    """Where a point of the landscape is, from the middle of the map."""
    return browser.execute_script(
        "const { toPixel, width, height } = frame(), [x, y] = toPixel(arguments[0]);"
        "return [Math.round(x - width / 2), Math.round(y - height / 2)]",
        list(point),
    )


def digits_shown(browser):
    """The parameters and costs in the table, row by row."""
    return browser.execute_script(
        "return [...document.querySelectorAll('#results tr:not([hidden])')].map("
        "row => [...row.cells].slice(1).map(cell => Number(cell.textContent)))"
    )


def check_paths(browser, landscape, begin, rates=(0.001,) * 4, decays=(0.0,) * 4, names=None):
    """The paths the page has drawn, and the ends it tells, are those of fastmlp."""
    names = names or ["gd", "momentum", "rmsprop", "adam"]
    paths = browser.execute_script("return chosen().map(name => state.paths[name])")
    assert len(paths) == len(names)
    exact = browser.execute_script("return state.start")
    np.testing.assert_allclose(exact, begin, atol=1e-4)
    ends = []
    for name, path, rate, decay in zip(names, paths, rates, decays):
        ours = descend(landscape, exact, name, 3000, rate, decay)
        np.testing.assert_allclose(path, ours, rtol=0, atol=1e-12)
        ends.append([*ours[-1], LANDSCAPES[landscape].cost(ours[-1])])
    np.testing.assert_allclose(digits_shown(browser), ends, atol=6e-5, rtol=5e-3)


def colors(browser):
    """How many colours the map's picture has, and how much of the red of the dot."""
    return browser.execute_script(
        "const { data } = map.getContext('2d').getImageData(0, 0, map.width, map.height);"
        "const seen = new Set(); let red = 0;"
        "for (let i = 0; i < data.length; i += 4) {"
        "  seen.add(data[i] << 16 | data[i + 1] << 8 | data[i + 2]);"
        "  red += data[i] === 224 && data[i + 1] === 32 && data[i + 2] === 32;"
        "}"
        "return [seen.size, red]"
    )


@pytest.mark.parametrize("name", LANDSCAPES)
def test_each_landscape_is_drawn_with_its_paths(browser, at, name):
    Select(at("landscape")).select_by_value(name)
    assert at("formula").text == LANDSCAPES[name].formula
    np.testing.assert_array_equal(start(at), LANDSCAPES[name].start)
    count, red = colors(browser)
    assert count > 30
    assert red > 100, "the dot"
    check_paths(browser, name, LANDSCAPES[name].start)


def test_the_dot_is_dragged_by_the_mouse(browser, at):
    browser.execute_script("window.seen = []; map.addEventListener('pointermove', () => seen.push(state.start));")
    begin, middle, end = (pixel(browser, point) for point in (start(at), (0.0, 1.0), (1.5, -1.0)))
    drag = ActionChains(browser).move_to_element_with_offset(at("map"), *begin).click_and_hold()
    for place in (middle, end):
        drag.move_to_element_with_offset(at("map"), *place)
    drag.release().move_to_element_with_offset(at("map"), *middle).perform()
    np.testing.assert_allclose(start(at), (1.5, -1.0), atol=NEAR, err_msg="let go, it stays")
    check_paths(browser, "stretched", start(at))
    seen = np.array(browser.execute_script("return seen"))
    assert np.abs(seen - (0, 1)).sum(axis=1).min() < NEAR, "it follows the pointer"


@pytest.mark.parametrize(("to", "end"), [((2.0, 2.5), (2.0, 2.5)), ((3.1, 3.02), (3.0, 3.0))])
def test_the_dot_is_dragged_by_a_finger_and_stays_in_the_picture(browser, at, to, end):
    finger = ActionBuilder(browser, mouse=PointerInput(POINTER_TOUCH, "finger"))
    finger.pointer_action.move_to(at("map"), *pixel(browser, start(at))).pointer_down()
    finger.pointer_action.move_to(at("map"), *pixel(browser, (0.0, 1.0))).move_to(at("map"), *pixel(browser, to))
    finger.pointer_action.pointer_up()
    finger.perform()
    np.testing.assert_allclose(start(at), end, atol=NEAR)
    check_paths(browser, "stretched", start(at))


def test_the_dot_moves_by_keys(browser, at):
    at("map").send_keys(Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ARROW_DOWN)
    np.testing.assert_allclose(start(at), (-2.4, 1.9), atol=1e-9)
    ActionChains(browser).key_down(Keys.SHIFT).send_keys(Keys.ARROW_UP).key_up(Keys.SHIFT).perform()
    np.testing.assert_allclose(start(at), (-2.4, 2.4), atol=1e-9)
    check_paths(browser, "stretched", (-2.4, 2.4))
    assert "has the lowest cost" in at("said").text


def test_fields_boxes_and_reset(browser, at):
    for field, value in {"w1": "-1.25", "gd-rate": "0.02", "adam-rate": "0.05", "adam-decay": "0.01"}.items():
        at(field).clear()
        at(field).send_keys(value)
    at("momentum-on").click()
    at("rmsprop-on").click()
    check_paths(browser, "stretched", (-1.25, 2), (0.02, 0.05), (0, 0.01), ["gd", "adam"])
    at("gd-rate").clear()
    at("gd-rate").send_keys("-1")
    assert at("gd-rate").get_attribute("aria-invalid") == "true"
    assert browser.execute_script("return state.settings.gd.rate") >= 0, "what is no learning rate is not taken"
    at("reset").click()
    assert at("gd-rate").get_attribute("aria-invalid") == "false"
    check_paths(browser, "stretched", LANDSCAPES["stretched"].start)


def test_play_shows_the_steps_one_after_the_other(browser, at):
    at("play").click()
    assert at("play").text == "Pause"
    WebDriverWait(browser, 5).until(lambda _: number(at("time")) > 50)
    at("play").click()
    paused = number(at("time"))
    assert paused < 3000
    assert at("play").text == "Play"
    table = digits_shown(browser)
    path = descend("stretched", steps=int(paused))
    np.testing.assert_allclose(table[0][:2], path[-1], atol=6e-5)
    at("steps").clear()
    at("steps").send_keys("40")
    at("play").click()
    WebDriverWait(browser, 10).until(lambda _: at("play").text == "Play")
    assert number(at("time")) == 40


def test_nothing_is_cut_off_on_a_phone(browser, at):
    size = browser.get_window_size()
    try:
        browser.set_window_size(500, 900)  # as narrow as a window of this browser gets
        wide = "return [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
        assert len(set(browser.execute_script(wide))) == 1
    finally:
        browser.set_window_size(size["width"], size["height"])
