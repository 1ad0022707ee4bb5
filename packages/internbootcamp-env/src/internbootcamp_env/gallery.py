"""Write one static, searchable HTML page with an example, its oracle and its growth per task."""

import html
from collections.abc import Sequence
from pathlib import Path

from .registry import get
from .task import LEVELS, Task

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>internbootcamp-env gallery</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem;
  padding: 0 1rem }}
input {{ font: inherit; padding: .4rem .7rem; width: 100%; box-sizing: border-box }}
article {{ border-top: 1px solid #ccc; padding: .8rem 0; display: grid; gap: .2rem 1.5rem;
  grid-template-columns: 1fr 9rem }}
h2 {{ font-size: 1rem; margin: 0; grid-column: 1 }}
p {{ margin: 0; grid-column: 1 }} .zh {{ color: #555 }}
pre {{ white-space: pre-wrap; overflow-wrap: anywhere; background: #f5f5f2; padding: .5rem;
  margin: .2rem 0; grid-column: 1 }}
svg {{ grid-column: 2; grid-row: 1 / span 4; width: 9rem; height: 4.5rem }}
</style></head><body>
<h1>{count} tasks</h1>
<input id="q" type="search" placeholder="Search" aria-label="Search" autofocus>
<main>{articles}</main>
<script>
const q = document.getElementById("q");
q.addEventListener("input", () => {{
  const words = q.value.toLowerCase().split(/\\s+/);
  for (const a of document.querySelectorAll("article"))
    a.hidden = !words.every(w => a.textContent.toLowerCase().includes(w));
}});
</script></body></html>
"""


def write_gallery(path: Path, chosen: Sequence[str]) -> None:
    """Write the page.

    Args:
        path: File to write.
        chosen: Ids of the tasks, in order.
    """
    articles = "\n".join(_article(get(name)) for name in chosen)
    page = _PAGE.format(count=len(chosen), articles=articles)
    path.write_text(page, encoding="utf-8")


def _article(task: Task) -> str:
    case = task.generate(split="train", seed=0, index=0, level=2)
    english = html.escape(task.prompt(case))
    chinese = html.escape(task.prompt(case, lang="zh", wording="terse"))
    return (
        f"<article><h2>{task.id}</h2>{_plot(task)}"
        f"<p>{html.escape(task.title)}. Grows with: {html.escape(task.knob)}.</p>"
        f'<pre>{english}</pre><p class="zh">{chinese}</p>'
        f"<p>Answer: <code>{html.escape(task.oracle(case))}</code></p></article>"
    )


def _plot(task: Task) -> str:
    """Draw the mean length of the terse prompt against the level."""
    lengths = []
    for level in LEVELS:
        cases = [task.generate(split="train", seed=0, index=i, level=level) for i in range(4)]
        lengths.append(sum(len(task.prompt(case, wording="terse")) for case in cases) / 4)
    top = max(lengths)
    points = " ".join(
        f"{10 + 14 * place},{62 - 52 * length / top:.1f}" for place, length in enumerate(lengths)
    )
    return (
        '<svg viewBox="0 0 144 72" role="img" aria-label="prompt length by level">'
        '<path d="M10 4V62H140" fill="none" stroke="#999"/>'
        f'<polyline points="{points}" fill="none" stroke="#06c" stroke-width="2"/>'
        f'<text x="14" y="12" font-size="9">{top:.0f} characters</text>'
        '<text x="96" y="71" font-size="9">level 10</text></svg>'
    )
