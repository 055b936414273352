"""The one door to WeasyPrint: our own files only, and a sentence when the system's libraries are missing."""

import subprocess
import sys
from pathlib import Path

import pytest

from members import pdf

ROOT = Path(__file__).resolve().parents[2]


def test_style_sheet_of_the_product_is_found():
    assert pdf.local_file("https://static.invalid/static/css/pdf.css") == ROOT / "static/css/pdf.css"


def test_collected_file_with_a_digest_in_its_name_is_found(settings, tmp_path):
    settings.STATIC_ROOT = tmp_path
    (tmp_path / "css").mkdir()
    (tmp_path / "css/pdf.0a1b.css").write_text("body {}")
    assert pdf.local_file("https://static.invalid/static/css/pdf.0a1b.css") == tmp_path / "css/pdf.0a1b.css"


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "http://static.invalid/static/css/pdf.css",
        "https://127.0.0.1/static/css/pdf.css",
        "https://static.invalid/etc/passwd",
        "https://static.invalid/static/../../../../etc/passwd",
        "https://static.invalid/static/%2e%2e/manage.py",
        "https://static.invalid/static//etc/passwd",
        "https://static.invalid/static/css/none.css",
        "data:text/css,body{}",
        "/etc/passwd",
    ],
)
def test_every_other_address_is_refused(url):
    with pytest.raises(ValueError):
        pdf.local_file(url)


def test_template_that_refers_elsewhere_fails_aloud(settings, tmp_path):
    (tmp_path / "bad.html").write_text('<link rel="stylesheet" href="file:///etc/passwd"><p>x</p>')
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path]}]
    with pytest.raises(ValueError, match="bad.html refers to file:///etc/passwd"):
        pdf.render_pdf("bad.html", {})


def test_product_starts_without_the_libraries_of_the_system(tmp_path):
    """A stand-in for WeasyPrint that fails as the real one does when libpango is missing."""
    (tmp_path / "weasyprint.py").write_text("raise OSError('cannot load library libpango-1.0-0')")
    script = (
        "import django; django.setup()\n"
        "from django.core.management import call_command\n"
        "from members import pdf\n"
        "call_command('check')\n"
        "try:\n    pdf.render_pdf('any', {})\n"
        "except pdf.PdfUnavailable as missing:\n    print(missing)"
    )
    environment = {
        "PYTHONPATH": f"{tmp_path}:{ROOT}",
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "VAR_DIR": str(tmp_path / "var"),
        "PYTHONUTF8": "1",
    }
    finished = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True)
    assert finished.stdout.splitlines()[-1] == (
        f"服务器缺少生成 PDF 的组件，请系统管理员安装 {pdf.PACKAGES}，然后重新启动。其他功能不受影响。"
    ), finished.stderr
