"""Swagger UI, as a person uses it: press, paste, read."""

import json
from dataclasses import dataclass
from typing import Any

from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support import expected_conditions as until
from selenium.webdriver.support.ui import WebDriverWait

PATIENCE = 20  # seconds


@dataclass(frozen=True, slots=True)
class Shown:
    """What the page shows of an answer."""

    status: int
    body: dict[str, Any]


class SwaggerPage:
    """One visit to a documentation page; whatever was authorized before is forgotten.

    Arguments:
        browser: to look with.
        url: of the page.
    """

    def __init__(self, browser: Chrome, url: str) -> None:
        self._browser = browser
        self._wait = WebDriverWait(browser, PATIENCE, poll_frequency=0.05)
        browser.get(url)
        self._find(".opblock")

    def open_dialog(self) -> list[str]:
        """Press the "Authorize" button on top; return the names of what the dialog offers."""
        self._press(".auth-wrapper .btn.authorize")
        return [each.text for each in self._browser.find_elements(By.CSS_SELECTOR, ".auth-container h4 code")]

    def authorize(self, scheme: str, texts: dict[str, str]) -> None:
        """Paste texts into the fields of a scheme, by their names, and close the dialog."""
        self.open_dialog()
        box = self._find_by(By.XPATH, f"//div[@class='auth-container'][.//h4/code[.='{scheme}']]")
        for name, text in texts.items():
            self._paste(box.find_element(By.CSS_SELECTOR, f"input[id='{name}']"), text)
        box.find_element(By.CSS_SELECTOR, "button.authorize").click()
        self._wait.until(lambda _: box.find_elements(By.XPATH, ".//button[.='Logout']"))
        box.find_element(By.CSS_SELECTOR, "button.btn-done").click()
        self._wait.until(until.invisibility_of_element_located((By.CSS_SELECTOR, ".dialog-ux")))

    def execute(self, operation: str) -> Shown:
        """Try out an operation, such as "GET /whoami"; return what the page shows of the answer."""
        method, path = operation.split()
        block = f".opblock-{method.lower()}:has([data-path='{path}'])"
        for button in (".opblock-summary-control", ".try-out__btn", ".execute"):
            self._press(f"{block} {button}")
        row = f"{block} .live-responses-table .response"
        status = self._find(f"{row} .response-col_status").text
        body = self._find(f"{row} .response-col_description .highlight-code code").text
        return Shown(int(status.split()[0]), json.loads(body))

    def _paste(self, field: WebElement, text: str) -> None:
        """Insert a text at once, as the clipboard does: pressing the 700 keys of a JWT takes a second."""
        field.click()
        self._browser.execute_script("document.execCommand('insertText', false, arguments[0])", text)

    def _press(self, selector: str) -> None:
        self._wait.until(until.element_to_be_clickable((By.CSS_SELECTOR, selector))).click()

    def _find(self, selector: str) -> WebElement:
        return self._find_by(By.CSS_SELECTOR, selector)

    def _find_by(self, by: str, selector: str) -> WebElement:
        found: WebElement = self._wait.until(until.visibility_of_element_located((by, selector)))
        return found
