"""The gallery in a real browser: what is drawn, and what the search leaves over."""

import json
import re
import shutil
import subprocess

import pytest

import internbootcamp_env as bootcamp
from internbootcamp_env.gallery import write_gallery

CHOSEN = ["arith.add", "bio.complement", "graph.shortest_path", "multi.guess_number"]
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--disable-sync", "--no-first-run", "--virtual-time-budget=2000",
]  # fmt: skip

PROBE = """
<script>
function look() {
  const shown = [...document.querySelectorAll("article")].filter(a => a.offsetHeight > 0);
  return {ids: shown.map(a => a.id), count: document.getElementById("count").textContent,
    none: document.getElementById("none").offsetHeight > 0,
    plots: shown.map(a => a.querySelector("polyline").getBoundingClientRect().height > 0)};
}
function set(id, value) {
  const e = document.getElementById(id);
  e.value = value;
  e.dispatchEvent(new Event("input"));
  return look();
}
const seen = {first: look(), word: set("q", "dna STRAND"), nothing: set("q", "no such words"),
  field: (set("q", ""), set("field", "graph")), both: set("verifier", "M"),
  turns: set("field", ""), last: set("verifier", ""),
  wide: document.documentElement.scrollWidth <= document.documentElement.clientWidth};
document.body.innerHTML = "";
document.title = "SEEN" + JSON.stringify(seen) + "END";
</script>
"""


def test_the_page_has_an_article_per_task_and_escapes_what_it_shows(tmp_path):
    page = tmp_path / "gallery.html"
    write_gallery(page, CHOSEN)
    text = page.read_text(encoding="utf-8")
    assert re.findall(r'<article id="([^"]+)"', text) == CHOSEN
    assert "src=" not in text
    assert "http" not in text
    case = bootcamp.get("multi.guess_number").generate(split="train", seed=0, index=0, level=2)
    assert "&lt;answer&gt;" in text
    log = "\n".join(case.answer)
    assert f"<pre>{log}</pre>" in text


def test_a_browser_draws_the_page_and_filters_it(tmp_path):
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    if browser is None:
        pytest.skip("chromium is not installed (apt-get install chromium)")
    page = tmp_path / "gallery.html"
    write_gallery(page, CHOSEN)
    text = page.read_text(encoding="utf-8")
    page.write_text(text.replace("</body>", PROBE + "</body>"), encoding="utf-8")
    command = [browser, *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom"]
    done = subprocess.run(
        [*command, page.as_uri()], capture_output=True, text=True, timeout=300, check=False
    )
    found = re.search(r"SEEN(.*)END", done.stdout)
    assert found is not None, done.stderr[-2000:]
    seen = json.loads(found[1].replace("&amp;", "&"))
    assert seen["first"]["ids"] == seen["last"]["ids"] == CHOSEN
    assert all(seen["first"]["plots"])
    assert seen["first"]["count"] == "4"
    assert seen["word"]["ids"] == ["bio.complement"]
    assert (seen["nothing"]["ids"], seen["nothing"]["none"]) == ([], True)
    assert seen["field"]["ids"] == ["graph.shortest_path"]
    assert (seen["both"]["ids"], seen["both"]["count"]) == ([], "0")
    assert seen["turns"]["ids"] == ["multi.guess_number"]
    assert seen["wide"]
