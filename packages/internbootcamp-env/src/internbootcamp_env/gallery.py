"""Write one static, searchable HTML page with an example, its oracle and its growth per task.

The page needs no network and no library; its script only filters what is on it.
"""

import html
from collections.abc import Sequence
from pathlib import Path

from .registry import get
from .task import LEVELS, Case, Task

VERIFIERS = {
    "U": "one right answer",
    "C": "any valid answer",
    "O": "optimum with witness",
    "N": "number with tolerance",
    "E": "expression",
    "S": "set",
    "D": "decision with certificate",
    "X": "program",
    "M": "played in turns",
}
"""Verifier class, by letter, in words."""

_STYLE = """
:root { --ink: #1c1c1a; --quiet: #66645e; --line: #dddad2; --paper: #fff; --shade: #f6f5f1;
  --accent: #0a5fb4 }
@media (prefers-color-scheme: dark) { :root { --ink: #e9e7e1; --quiet: #a3a099; --line: #3a3833;
  --paper: #1a1917; --shade: #24231f; --accent: #6fb1f2 } }
* { box-sizing: border-box }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0; color: var(--ink);
  background: var(--paper) }
header, main { max-width: 64rem; margin: 0 auto; padding: 0 1rem }
header { position: sticky; top: 0; background: var(--paper); padding-top: .8rem;
  padding-bottom: .6rem; border-bottom: 1px solid var(--line); z-index: 1 }
h1 { font-size: 1.15rem; margin: 0 0 .5rem } h1 small { color: var(--quiet); font-weight: normal }
.filters { display: flex; gap: .6rem; flex-wrap: wrap }
input, select { font: inherit; color: inherit; background: var(--shade);
  border: 1px solid var(--line); border-radius: 4px; padding: .35rem .6rem }
input { flex: 1 1 14rem; min-width: 0 }
article { border-bottom: 1px solid var(--line); padding: 1rem 0; display: grid;
  gap: .35rem 1.5rem; grid-template-columns: minmax(0, 1fr) 11rem; align-items: start }
article[hidden] { display: none }
h2 { font: 600 1rem ui-monospace, monospace; margin: 0 } h2 a { color: inherit;
  text-decoration: none }
.text { display: grid; gap: .35rem; min-width: 0 }
p { margin: 0 } .meta { color: var(--quiet); font-size: .87rem }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: var(--shade);
  border-radius: 4px; padding: .5rem .7rem; margin: 0; max-height: 18rem; overflow: auto;
  font-size: .87rem }
dl { display: grid; grid-template-columns: 5rem minmax(0, 1fr); gap: .1rem .6rem; margin: 0 }
dt { color: var(--quiet) } dd { margin: 0 } dd pre { padding: .1rem .5rem; max-height: 9rem }
figure { margin: 0 } svg { width: 100%; height: auto; display: block }
figcaption { color: var(--quiet); font-size: .8rem; overflow-wrap: anywhere }
svg text { fill: var(--quiet); font-size: 9px } .axis { stroke: var(--line); fill: none }
.curve { stroke: var(--accent); fill: none; stroke-width: 2 } circle { fill: var(--accent) }
#none { color: var(--quiet); padding: 2rem 0 }
@media (max-width: 40rem) { article { grid-template-columns: minmax(0, 1fr) }
  figure { max-width: 14rem } }
"""

_SCRIPT = """
const find = id => document.getElementById(id);
const articles = [...document.querySelectorAll("article")];
const texts = articles.map(a => a.textContent.toLowerCase());
function filter() {
  const words = find("q").value.toLowerCase().split(/\\s+/).filter(Boolean);
  let shown = 0;
  articles.forEach((a, i) => {
    const fits = (!find("field").value || a.dataset.field === find("field").value)
      && (!find("verifier").value || a.dataset.verifier === find("verifier").value)
      && words.every(w => texts[i].includes(w));
    a.hidden = !fits;
    shown += fits;
  });
  find("count").textContent = shown;
  find("none").hidden = shown > 0;
}
for (const id of ["q", "field", "verifier"]) find(id).addEventListener("input", filter);
filter();
"""


def write_gallery(path: Path, chosen: Sequence[str]) -> None:
    """Write the page.

    Args:
        path: File to write.
        chosen: Ids of the tasks, in order.
    """
    tasks = [get(name) for name in chosen]
    fields = sorted({task.id.split(".")[0] for task in tasks})
    letters = sorted({task.verifier for task in tasks})
    path.write_text(
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        "<title>internbootcamp-env: the tasks</title>"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{_STYLE}</style></head><body><header>"
        f'<h1>internbootcamp-env <small><span id="count">{len(tasks)}</span> of {len(tasks)} '
        f'tasks, {len(fields)} fields</small></h1><div class="filters">'
        '<input id="q" type="search" placeholder="Search ids, prompts and answers" '
        'aria-label="Search">'
        f"{_choice('field', 'every field', {name: name for name in fields})}"
        f"{_choice('verifier', 'every kind', {n: VERIFIERS.get(n, n) for n in letters})}"
        f"</div></header><main>{''.join(map(_article, tasks))}"
        f'<p id="none" hidden>No task fits.</p></main><script>{_SCRIPT}</script></body></html>\n',
        encoding="utf-8",
    )


def _choice(name: str, every: str, options: dict[str, str]) -> str:
    rows = "".join(f'<option value="{key}">{text}</option>' for key, text in options.items())
    return (
        f'<select id="{name}" aria-label="{name}"><option value="">{every}</option>{rows}</select>'
    )


def _article(task: Task) -> str:
    case = task.generate(split="train", seed=0, index=0, level=2)
    kind = VERIFIERS.get(task.verifier, task.verifier)
    variant = f" · variant of {task.variant_of}" if task.variant_of else ""
    wrong = (task.mutants(case) or [""])[0]
    return (
        f'<article id="{task.id}" data-field="{task.id.split(".")[0]}" '
        f'data-verifier="{task.verifier}"><div class="text">'
        f'<h2><a href="#{task.id}">{task.id}</a></h2>'
        f'<p class="meta">{html.escape(task.title)} · {kind}{variant} · level 2 of 10</p>'
        f"<pre>{html.escape(task.prompt(case))}</pre>"
        f'<pre lang="zh">{html.escape(task.prompt(case, lang="zh"))}</pre>'
        f"<dl><dt>right</dt><dd><pre>{html.escape(task.oracle(case))}</pre></dd>"
        f"<dt>wrong</dt><dd><pre>{html.escape(wrong)}</pre></dd></dl></div>"
        f"<figure>{_plot(task)}<figcaption>{html.escape(task.knob)}, levels 1 to 10"
        "</figcaption></figure></article>\n"
    )


def size_of(task: Task, case: Case) -> float:
    """Return the size that should grow with the level: the task's own, or the question's length."""
    if task.size is not None:
        return task.size(case.question)
    return sum(len(str(value)) for value in case.question.values())


def _plot(task: Task) -> str:
    """Draw the mean size of a question against the level."""
    means = []
    for level in LEVELS:
        cases = [task.generate(split="train", seed=0, index=i, level=level) for i in range(4)]
        means.append(sum(size_of(task, case) for case in cases) / 4)
    top = max(means) or 1
    points = [(26 + 14 * place, 74 - 62 * mean / top) for place, mean in enumerate(means)]
    line = " ".join(f"{x},{y:.1f}" for x, y in points)
    dots = "".join(f'<circle cx="{x}" cy="{y:.1f}" r="2"/>' for x, y in points)
    return (
        f'<svg viewBox="0 0 164 90" role="img" aria-label="size of {task.id} by level">'
        '<path class="axis" d="M26 8V74H158"/>'
        f'<polyline class="curve" points="{line}"/>{dots}'
        f'<text x="22" y="15" text-anchor="end">{_short(top)}</text>'
        '<text x="22" y="77" text-anchor="end">0</text>'
        '<text x="26" y="86" text-anchor="middle">1</text>'
        '<text x="152" y="86" text-anchor="middle">10</text></svg>'
    )


def _short(value: float) -> str:
    """Write a number in at most five characters."""
    for unit in ("", "k", "M", "G"):
        if value < 1000:
            return f"{value:.3g}{unit}"
        value /= 1000
    return f"{value:.0g}T"
