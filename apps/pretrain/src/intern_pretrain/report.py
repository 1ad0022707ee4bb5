"""`report.html`: one self-contained page about a run, from what the run folder holds."""

import base64
import html
import io
import math
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from intern_pretrain.corpus import Corpus, load_corpus
from intern_pretrain.documents import MODALITIES, Document
from intern_runs import ConfigError, RunFolder

CURVES = (
    ("token_loss", "loss in nats per predicted token"),
    ("grad_norm", "gradient norm before clipping"),
    ("learning_rate", "learning rate"),
    ("batch_size", "packs per step"),
    ("aux_loss", "load-balancing loss (top-k is balance)"),
    ("max_violation", "busiest expert over the mean, minus 1"),
)
SAMPLES_PER_MODALITY = 4
STYLE_OF_SAMPLES = """
figure{display:inline-block;vertical-align:top;width:13.5rem;margin:.4rem;padding:.5rem;
border:1px solid #ddd;border-radius:4px}
figure img{width:9rem;height:9rem;image-rendering:pixelated;display:block;margin:auto}
figure svg{width:100%;height:6rem}
figcaption,pre{font-size:.8rem;white-space:pre-wrap;overflow-wrap:anywhere;margin:.3rem 0 0}
"""
STYLE = (
    STYLE_OF_SAMPLES
    + """
body{font:15px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;color:#222}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}
td,th{padding:.2rem .7rem;border-bottom:1px solid #ddd;text-align:right}
td:first-child,th:first-child,td.text{text-align:left}
.curves svg{width:100%;height:auto}
"""
)


def write_report(run: RunFolder) -> Path:
    """Write the report of a finished run.

    Raises:
        ConfigError: If the run has not finished.
    """
    result = run.result("pretrain")
    if result is None:
        raise ConfigError(f"{run.path}: pretraining has not finished; resume the run first")
    corpus = load_corpus(run.path / "corpus")
    steps = [line for line in run.metrics("pretrain") if line["step"] > 0]
    body = [
        "<h1>Continual pretraining of a small Intern-S1</h1>",
        _overview(run, result),
        "<h2>Test loss in nats per predicted token</h2>",
        _losses(result),
        "<h2>Training</h2>",
        f'<div class="curves">{_curves(steps)}</div>',
        "<h2>Corpus</h2>",
        _corpus_table(run),
        "<h2>Packing</h2>",
        _table(
            ["quantity", "value"],
            [[k.replace("_", " "), _number(v)] for k, v in result["packing"].items()],
        ),
        "<h2>Documents of the training split</h2>",
        _samples(corpus),
        "<h2>Configuration</h2>",
        f"<pre>{html.escape((run.path / 'config.json').read_text(encoding='utf-8'))}</pre>",
    ]
    page = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>intern-pretrain</title>'
        f"<style>{STYLE}</style></head><body>{''.join(body)}</body></html>\n"
    )
    run.write_text("report.html", page)
    return run.path / "report.html"


def data_section(run: RunFolder) -> str:
    """Corpus, test losses and some documents as HTML, for the report of a longer run."""
    result = run.result("pretrain") or {}
    return (
        f"<style>{STYLE_OF_SAMPLES}</style>{_overview(run, result)}{_losses(result)}"
        f"{_corpus_table(run)}{_samples(load_corpus(run.path / 'corpus'))}"
    )


def _overview(run: RunFolder, result: dict[str, Any]) -> str:
    versions = run.read_json("versions.json")
    tokenizer = run.result("tokenizer")
    model = run.result("model") or {}
    parts = [
        f"{model.get('parameters', 0):,} parameters",
        f"{result['steps']:,} steps",
        f"{result['tokens']:,} training tokens",
    ]
    if tokenizer is not None:
        parts.append(f"{tokenizer['vocabulary']:,} tokens in the vocabulary")
        parts.append(f"{tokenizer['characters_per_token']:.2f} characters per token")
    packages = ", ".join(f"{name} {version}" for name, version in versions["packages"].items())
    return (
        f"<p>{'; '.join(parts)}.</p><p>Python {versions['python']}, {packages}; revision "
        f"{html.escape(str(versions['git_revision']))}.</p>"
    )


def _losses(result: dict[str, Any]) -> str:
    before, after = result["test_loss_before"], result["test_loss_after"]
    rows = [[name, f"{before[name]:.3f}", f"{after[name]:.3f}"] for name in after]
    return _table(["modality", "before", "after"], rows)


def _corpus_table(run: RunFolder) -> str:
    result = run.result("data") or {"table": [], "left_out": {}}
    rows = [
        [row["modality"], row["kind"], *(f"{row[k]:,}" for k in ("train", "test", "characters"))]
        for row in result["table"]
    ]
    left_out = [[reason, f"{count:,}"] for reason, count in result["left_out"].items()]
    return (
        _table(["modality", "kind", "training", "test", "characters"], rows, text_columns=2)
        + "<h2>Left out</h2>"
        + _table(["reason", "number"], left_out)
    )


def _table(header: Sequence[str], rows: Iterable[Sequence[str]], text_columns: int = 1) -> str:
    head = "".join(f"<th>{html.escape(cell)}</th>" for cell in header)
    lines = []
    for row in rows:
        cells = [
            f'<td class="text">{html.escape(cell)}</td>'
            if i < text_columns
            else f"<td>{html.escape(cell)}</td>"
            for i, cell in enumerate(row)
        ]
        lines.append(f"<tr>{''.join(cells)}</tr>")
    return f"<table><tr>{head}</tr>{''.join(lines)}</table>"


def _number(value: float | int) -> str:
    return f"{value:.3f}" if isinstance(value, float) else f"{value:,}"


def _curves(steps: list[dict[str, Any]]) -> str:
    """All curves as one inline SVG."""
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    shown = [(name, title) for name, title in CURVES if name in steps[0]]
    figure = Figure(figsize=(10, 1.0 + 2.2 * ((len(shown) + 1) // 2)), layout="constrained")
    FigureCanvasSVG(figure)
    axes = figure.subplots((len(shown) + 1) // 2, 2, squeeze=False).flatten()
    for axis, (name, title) in zip(axes, shown, strict=False):
        axis.plot([line["step"] for line in steps], [line[name] for line in steps], linewidth=1.2)
        axis.set_title(title, fontsize=9)
        axis.tick_params(labelsize=8)
        axis.grid(alpha=0.3)
    for axis in axes[len(shown) :]:
        axis.set_visible(False)
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None})
    drawing = text.getvalue()[text.getvalue().index("<svg") :]
    return re.sub(r"<metadata>.*?</metadata>", "", drawing, flags=re.DOTALL)


def _samples(corpus: Corpus) -> str:
    parts = []
    for modality in MODALITIES:
        documents = [document for document in corpus.train if document.modality == modality]
        if documents:
            stride = max(1, len(documents) // SAMPLES_PER_MODALITY)
            chosen = documents[::stride][:SAMPLES_PER_MODALITY]
            parts.append(f"<h3>{modality}</h3>" + "".join(_sample(one) for one in chosen))
    return "".join(parts)


def _sample(document: Document) -> str:
    shown = ""
    if document.image is not None:
        data = io.BytesIO()
        Image.fromarray(document.image).save(data, format="PNG")
        encoded = base64.b64encode(data.getvalue()).decode()
        shown = f'<img alt="drawing" src="data:image/png;base64,{encoded}">'
    if document.series is not None:
        shown = _sparkline(document.series.reshape(len(document.series), -1)[:, 0].tolist())
    text = html.escape(document.text)
    return f"<figure>{shown}<figcaption>{text}</figcaption></figure>"


def _sparkline(values: list[float]) -> str:
    present = [value for value in values if not math.isnan(value)]
    low, high = min(present), max(present)
    scale = (high - low) or 1.0
    runs: list[list[str]] = [[]]
    for i, value in enumerate(values):
        if not math.isnan(value):
            x, y = 200 * i / max(1, len(values) - 1), 4 + 72 * (high - value) / scale
            runs[-1].append(f"{x:.1f},{y:.1f}")
        elif runs[-1]:
            runs.append([])
    lines = "".join(
        f'<polyline fill="none" stroke="#26c" stroke-width="1.5" points="{" ".join(points)}"/>'
        for points in runs
        if points
    )
    return f'<svg viewBox="0 0 200 80" preserveAspectRatio="none">{lines}</svg>'
