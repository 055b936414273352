"""The camera of `make pictures`: a demonstration started for this purpose, and what people see of it, small PNGs."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, ViewportSize

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "pictures"
DESKTOP: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
WIDTH = {False: 1200, True: 585}
MOST_BYTES = 250_000
# The browser at hand may speak English; a Chinese one shows dates like this. The second call puts the fields back.
_DATES = """shown => {
  for (const field of document.querySelectorAll("input[type=date], input[data-day]")) {
    if (shown) {
      field.dataset.day = field.value;
      field.type = "text";
      field.value = field.value ? field.value.replaceAll("-", "/") : "年/月/日";
    } else {
      field.type = "date";
      field.value = field.dataset.day;
      delete field.dataset.day;
    }
  }
}"""


@contextlib.contextmanager
def demonstration() -> Iterator[tuple[str, str]]:
    """Address and password of a fresh demonstration."""
    with tempfile.TemporaryDirectory(prefix="pictures-") as folder:
        environment = os.environ | {"VAR_DIR": folder, "PYTHONUNBUFFERED": "1"}
        command = [sys.executable, "bin/demo.py"]
        server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
        try:
            assert server.stdout is not None
            address = next(filter(None, (re.search(r"网站地址：(\S+)/", line) for line in server.stdout)), None)
            if address is None:
                raise SystemExit("演示没有启动，原因见上方信息。")
            yield address[1], (Path(folder) / "demo-password").read_text().strip()
        finally:
            server.send_signal(signal.SIGINT)
            server.wait()


class Camera:
    """Signs people in and keeps what they see."""

    def __init__(self, browser: Browser, address: str, password: str, wanted: list[str]) -> None:
        self.browser, self.address, self.password, self.wanted = browser, address, password, wanted

    def sign_in(self, username: str = "", *, phone: bool = False, dark: bool = False) -> Page:
        context = self.browser.new_context(
            base_url=self.address,
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            viewport=PHONE if phone else DESKTOP,
            device_scale_factor=1.5 if phone else 1,
            is_mobile=phone,
            has_touch=phone,
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
        )
        page = context.new_page()
        page.goto("/")
        if username:
            page.fill("[name=username]", username)
            page.fill("[name=password]", self.password)
            page.locator("[name=password]").press("Enter")
            page.locator("nav.bottomnav, .topbar").first.wait_for(state="attached")
        return page

    def take(self, page: Page, name: str, *, height: int = 0) -> None:
        """Keep the window, or with `height` that much of the page, as a small PNG."""
        if self.wanted and name not in self.wanted:
            return
        page.wait_for_load_state("networkidle")
        size = page.viewport_size or DESKTOP
        phone = size["width"] == PHONE["width"]
        page.set_viewport_size({"width": size["width"], "height": height or size["height"]})
        page.wait_for_timeout(400)
        page.evaluate(_DATES, True)
        shot = Image.open(BytesIO(page.screenshot())).convert("RGB")
        page.evaluate(_DATES, False)
        page.set_viewport_size(size)
        width = WIDTH[phone]
        shot = shot.resize((width, round(shot.height * width / shot.width)), Image.Resampling.LANCZOS)
        path = PICTURES / f"{name}.png"
        # Median cut keeps the gradients, k-means the small touches of colour.
        shot.quantize(256, method=Image.Quantize.MEDIANCUT, kmeans=2, dither=Image.Dither.NONE).save(
            path, optimize=True
        )
        print(f"{path.relative_to(ROOT)}  {path.stat().st_size // 1000} kB", flush=True)
        if path.stat().st_size > MOST_BYTES:
            raise SystemExit(f"{path.name} 太大，请缩小画面。")


def agree(page: Page) -> None:
    page.locator("dialog.ask[open] .btn-primary").last.click()
