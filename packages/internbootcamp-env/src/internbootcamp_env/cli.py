"""The command `internbootcamp-env`: list, show, generate, score, audit, gallery, serve."""

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from .errors import BootcampError
from .registry import get, names, stream
from .task import LANGS, SPLITS, Case, Options
from .task_index import INDEX


def _list(args: argparse.Namespace) -> int:
    chosen = names(*args.patterns)
    for name in chosen:
        _, title, verifier, knob, variant_of = INDEX[name]
        if args.json:
            fields = {"id": name, "title": title, "verifier": verifier, "knob": knob}
            print(json.dumps(fields | {"variant_of": variant_of}, ensure_ascii=False))
        else:
            print(f"{name:32} {verifier}  {title}")
    if not args.json:
        variants = sum(bool(INDEX[name][4]) for name in chosen)
        fields = len({name.split(".")[0] for name in chosen})
        print(f"{len(chosen) - variants} base tasks and {variants} variants in {fields} fields")
    return 0


def _show(args: argparse.Namespace) -> int:
    task = get(args.task)
    case = task.generate(split=args.split, seed=args.seed, index=args.index, level=args.level)
    print(task.prompt(case, lang=args.lang, wording=_wording(args.wording)))
    print(f"\noracle: {task.oracle(case)}")
    print("wrong:  " + " | ".join(task.mutants(case)[:5]))
    return 0


def _wording(text: str) -> int | str:
    return int(text) if text.isdigit() else text


def _cases(args: argparse.Namespace) -> Iterator[Case]:
    return islice(
        stream(*args.patterns, split=args.split, seed=args.seed, level=tuple(args.levels)),
        args.count,
    )


def _generate(args: argparse.Namespace) -> int:
    for case in _cases(args):
        task = get(case.task)
        row = {
            "prompt": task.prompt(case, lang=args.lang, wording=_wording(args.wording)),
            "case": json.loads(case.to_json()),
        }
        print(json.dumps(row, ensure_ascii=False))
    return 0


def _rows(path: str) -> Iterable[str]:
    if path == "-":
        return sys.stdin
    return Path(path).read_text(encoding="utf-8").splitlines()


def _score(args: argparse.Namespace) -> int:
    options = Options(wrapper=args.wrapper, on_internal_error="flag")
    pairs = []
    for line in _rows(args.file):
        row = json.loads(line)
        pairs.append((Case.from_json(json.dumps(row["case"])), row["response"]))
    if args.workers:
        from .batch import ScoringPool

        with ScoringPool(args.workers) as pool:
            scores = pool.score_batch(pairs, options)
    else:
        from .batch import score_batch

        scores = score_batch(pairs, options)
    for (case, _), score in zip(pairs, scores, strict=True):
        row = {"task": case.task, "value": score.value, "status": score.status}
        print(json.dumps(row | {"reason": score.reason}))
    counts = Counter(score.status for score in scores)
    print(json.dumps(dict(counts)), file=sys.stderr)
    return 1 if counts["internal_error"] else 0


def _audit(args: argparse.Namespace) -> int:
    from .audit import FULL, QUICK, Report
    from .audit.runner import audit_many, is_sound, summary, table

    chosen = names(*args.patterns)
    count = 0

    def tell(report: Report) -> None:
        nonlocal count
        count += 1
        for check, found in report.failures.items():
            for line in found[:3]:
                print(f"{report.task}: {check}: {line}")
        if sys.stderr.isatty() or count % 50 == 0:
            print(f"{count} of {len(chosen)}: {report.task}", file=sys.stderr)

    plan = QUICK if args.quick else FULL
    kept = Path(args.resume) if args.resume else None
    reports = audit_many(chosen, plan, workers=args.workers, kept=kept, done=tell)
    print("\n".join(summary(reports)))
    if args.table:
        words = [*args.patterns, *(["--all"] if args.all else []), *(["--quick"] * args.quick)]
        command = " ".join(["internbootcamp-env audit", *words, f"--table {Path(args.table).name}"])
        Path(args.table).write_text(table(reports, command), encoding="utf-8")
    return 0 if is_sound(reports) else 1


def _gallery(args: argparse.Namespace) -> int:
    from .gallery import write_gallery

    write_gallery(Path(args.file), names(*args.patterns))
    return 0


def _serve(args: argparse.Namespace) -> int:
    from .server import serve

    serve(args.host, args.port, workers=args.workers)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="internbootcamp-env", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name, run, text):
        sub = commands.add_parser(name, help=text, description=text)
        sub.set_defaults(run=run)
        return sub

    listing = command("list", _list, "List tasks by pattern.")
    listing.add_argument("patterns", nargs="*")
    listing.add_argument("--json", action="store_true", help="one JSON object a line")
    show = command("show", _show, "Show one case: prompt, oracle and wrong answers.")
    show.add_argument("task")
    show.add_argument("--index", type=int, default=0)
    show.add_argument("--level", type=int, default=1)
    generate = command("generate", _generate, "Write prompts and cases as JSON lines.")
    generate.add_argument("patterns", nargs="*")
    generate.add_argument("--count", type=int, default=10)
    generate.add_argument("--levels", type=int, nargs=2, default=[1, 1], metavar=("LOW", "HIGH"))
    for sub in (show, generate):
        sub.add_argument("--split", choices=list(SPLITS), default="train")
        sub.add_argument("--seed", type=int, default=0)
        sub.add_argument("--lang", choices=LANGS, default="en")
        sub.add_argument("--wording", default="0", help="a number, 'terse' or 'any'")
    score = command("score", _score, "Score JSON lines with the fields 'case' and 'response'.")
    score.add_argument("file", help="a file, or - for standard input")
    score.add_argument("--wrapper", default="auto")
    score.add_argument("--workers", type=int, default=0, help="processes; 0 scores in this one")
    audit = command("audit", _audit, "Run the audit on tasks.")
    audit.add_argument("patterns", nargs="*")
    audit.add_argument("--all", action="store_true", help="all tasks, the default")
    audit.add_argument("--quick", action="store_true", help="a small sample of cases")
    audit.add_argument("--table", metavar="FILE", help="write the table as Markdown")
    audit.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes")
    audit.add_argument("--resume", metavar="FILE", help="keep reports here and go on from them")
    gallery = command("gallery", _gallery, "Write a searchable page with an example per task.")
    gallery.add_argument("file")
    gallery.add_argument("patterns", nargs="*")
    serve = command("serve", _serve, "Serve generation and scoring over HTTP.")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, default=8765)
    serve.add_argument("--workers", type=int, default=2)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit status."""
    args = _parser().parse_args(argv)
    try:
        return args.run(args)
    except BootcampError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
