"""What a computer does with memory, files, targets, callbacks and permissions.

Source: the usual rules of compilers, file systems, build tools and event loops, restated in the
prompts. Knob: the number of fields, steps, files or callbacks. (Long for eight prompts.)
"""

from internbootcamp_env.answers import Integers, Word, Words
from internbootcamp_env.draws import Draws
from internbootcamp_env.task import Task

_SIZES = {"char": 1, "short": 2, "int": 4, "float": 4, "long": 8, "double": 8}


def _fields(draws: Draws, level: int) -> dict:
    kinds = ["char", "char", "short", "short", *_SIZES]
    return {"fields": [draws.pick(kinds) for _ in range(5 + level)]}


def _layout(question: dict) -> list[int]:
    offsets, at, widest = [], 0, 1
    for kind in question["fields"]:
        size = _SIZES[kind]
        at += -at % size
        offsets.append(at)
        at, widest = at + size, max(widest, size)
    return [*offsets, at + -at % widest]


def _layout_by_bytes(question: dict) -> list[int]:
    """Append padding and fields to a string of bytes one by one."""
    text, offsets = "", []
    for kind in question["fields"]:
        while len(text) % _SIZES[kind]:
            text += "."
        offsets.append(len(text))
        text += kind[0] * _SIZES[kind]
    while len(text) % max(_SIZES[kind] for kind in question["fields"]):
        text += "."
    return [*offsets, len(text)]


def _path(draws: Draws, level: int) -> dict | None:
    """Walk at random, making links on the way, and note how the walk is written."""
    names, here, parts, links = "abcde", ["a"], ["a"], {}
    for _ in range(3 + level):
        kind = draws.below(6)
        if kind == 0:
            parts.append("..")
            here = here[:-1]
        elif kind == 1:
            parts.append(".")
        elif kind <= 3:
            name = f"l{len(links) + 1}"
            down = [draws.pick(names) for _ in range(draws.between(1, 2))]
            link = "/" + "/".join([*here, name])
            if draws.chance(1, 2):
                links[link] = "/" + "/".join(down)
                here = down
            else:
                links[link] = "../" + "/".join(down)
                here = [*here[:-1], *down]
            parts.append(name)
        else:
            parts.append(draws.pick(names))
            here = [*here, parts[-1]]
    return {"path": "/" + "/".join(parts), "links": links} if links and here else None


def _resolve(question: dict) -> str:
    """Go through the parts with a stack; a link puts its own parts in front of the rest."""
    here: list[str] = []
    waiting = question["path"].split("/")[::-1]
    while waiting:
        part = waiting.pop()
        if part in ("", "."):
            continue
        if part == "..":
            here = here[:-1]
            continue
        target = question["links"].get("/" + "/".join([*here, part]))
        if target is None:
            here.append(part)
        else:
            here = [] if target[0] == "/" else here
            waiting += target.split("/")[::-1]
    return "/" + "/".join(here)


def _resolve_by_text(question: dict) -> str:
    """Rewrite the text: tidy the shortest prefix that needs it, again and again."""
    parts = [part for part in question["path"].split("/") if part not in ("", ".")]
    place = 0
    while place < len(parts):
        prefix = "/" + "/".join(parts[: place + 1])
        if parts[place] == "..":
            parts = parts[: max(0, place - 1)] + parts[place + 1 :]
            place = max(0, place - 1)
        elif prefix in question["links"]:
            target = question["links"][prefix]
            inner = [part for part in target.split("/") if part]
            parts = ([] if target[0] == "/" else parts[:place]) + inner + parts[place + 1 :]
            place = 0
        else:
            place += 1
    return "/" + "/".join(parts)


def _show_path(question: dict) -> dict:
    lines = [f"{link} -> {target}" for link, target in sorted(question["links"].items())]
    return {"path": question["path"], "links": "\n".join(lines)}


def _layers(draws: Draws, level: int) -> dict | None:
    folders = "abc"[: 2 + level // 5]
    files = [f"{folder}/{n}" for folder in folders for n in range(1, 4)]
    layers = []
    for _ in range(3 + level // 2):
        steps = []
        for _ in range(draws.between(2, 3 + level // 3)):
            kind = draws.below(5)
            steps.append(
                f"-{draws.pick(folders)}" if kind == 0
                else f"-{draws.pick(files)}" if kind == 1
                else f"+{draws.pick(files)}"
            )  # fmt: skip
        layers.append(steps)
    question = {"layers": layers}
    return question if _image(question) else None


def _image(question: dict) -> list[str]:
    """Apply the layers from the bottom up."""
    present: dict[str, int] = {}
    for number, steps in enumerate(question["layers"], start=1):
        for step in steps:
            name = step[1:]
            if step[0] == "+":
                present[name] = number
            else:
                present = {f: n for f, n in present.items() if f != name and f[0] != name}
    return sorted(f"{name}:{number}" for name, number in present.items())


def _image_from_above(question: dict) -> list[str]:
    """Look for each file from the last step backwards."""
    steps = [
        (number, step) for number, row in enumerate(question["layers"], start=1) for step in row
    ]
    result = []
    for name in sorted({step[1:] for _, step in steps if step[0] == "+"}):
        for number, step in reversed(steps):
            if step in (f"-{name}", f"-{name[0]}"):
                break
            if step == f"+{name}":
                result.append(f"{name}:{number}")
                break
    return sorted(result)


def _show_layers(question: dict) -> dict:
    lines = [f"{n}: {' '.join(row)}" for n, row in enumerate(question["layers"], start=1)]
    return {"layers": "\n".join(lines)}


def _targets(draws: Draws, level: int) -> dict | None:
    count = 8 + level
    names = [f"t{n}" for n in range(1, count + 1)]
    rules = [
        sorted(draws.sample(range(n), min(n, draws.between(1, 2)))) if n > 1 else []
        for n in range(count)
    ]
    stamps = [draws.between(1, 8) + n if draws.chance(9, 10) else 0 for n in range(count)]
    stamps[0] = stamps[0] or 1
    stamps[1] = stamps[1] or 1
    question = {"names": names, "rules": rules, "stamps": stamps}
    return question if 0 < len(_rebuilt(question)) < count - 2 else None


def _rebuilt(question: dict) -> list[str]:
    fresh: set[int] = set()
    for n, needs in enumerate(question["rules"]):
        own = question["stamps"][n]
        if needs and (not own or any(m in fresh or question["stamps"][m] > own for m in needs)):
            fresh.add(n)
    return sorted(question["names"][n] for n in fresh)


def _rebuilt_by_rounds(question: dict) -> list[str]:
    """Give rebuilt targets a very late time until nothing changes."""
    stamps, rebuilt = list(question["stamps"]), set()
    while True:
        stale = [
            n
            for n, needs in enumerate(question["rules"])
            if n not in rebuilt
            and needs
            and (not stamps[n] or max(stamps[m] for m in needs) > stamps[n])
        ]
        if not stale:
            return sorted(question["names"][n] for n in rebuilt)
        rebuilt.add(stale[-1])
        stamps[stale[-1]] = 10**6


def _show_targets(question: dict) -> dict:
    lines = []
    for name, needs, stamp in zip(
        question["names"], question["rules"], question["stamps"], strict=True
    ):
        made = f" from {' '.join(question['names'][m] for m in needs)}" if needs else " (source)"
        lines.append(f"{name}{made}, time {stamp or 'missing'}")
    return {"targets": "\n".join(lines)}


def _script(draws: Draws, level: int) -> dict | None:
    letters = list("ABCDEFGHIJKLMNOPQR"[: 6 + level])
    order = draws.shuffled(letters)

    def body(depth: int) -> list:
        statements: list = []
        while order and (not statements or draws.chance(3, 5)):
            kind = draws.below(3) if depth < 3 else 0
            if kind == 0:
                statements.append(["log", order.pop()])
            elif kind == 1:
                statements.append(["micro", body(depth + 1)])
            else:
                statements.append(["timer", draws.below(4) * 10, body(depth + 1)])
        return statements

    main: list = []
    while order:
        main += body(0)
    return {"script": main}


def _event_loop(question: dict) -> str:
    """Keep one queue of microtasks and a list of timers sorted by due time and number."""
    log, micro, timers, number = "", [], [(0, 0, question["script"])], 0
    while timers:
        timers.sort(key=lambda timer: timer[:2])
        now, _, block = timers.pop(0)
        micro.append(block)
        while micro:
            for statement in micro.pop(0):
                if statement[0] == "log":
                    log += statement[1]
                elif statement[0] == "micro":
                    micro.append(statement[1])
                else:
                    number += 1
                    timers.append((now + statement[1], number, statement[2]))
    return log


def _event_loop_by_keys(question: dict) -> str:
    """One agenda: each block has (due time, timer number, rank among that timer's microtasks)."""
    agenda, log, number = {(0, 0, 0): question["script"]}, "", 0
    while agenda:
        key = min(agenda)
        now, timer, _ = key
        queued = max(r for t, n, r in agenda if (t, n) == (now, timer))
        for statement in agenda.pop(key):
            if statement[0] == "log":
                log += statement[1]
            elif statement[0] == "micro":
                queued += 1
                agenda[now, timer, queued] = statement[1]
            else:
                number += 1
                agenda[now + statement[1], number, 0] = statement[2]
    return log


def _show_script(question: dict) -> dict:
    def lines(statements: list, indent: str) -> list[str]:
        rows = []
        for statement in statements:
            if statement[0] == "log":
                rows.append(f"{indent}log {statement[1]}")
            else:
                head = "micro" if statement[0] == "micro" else f"timer {statement[1]}"
                rows += [f"{indent}{head}:", *lines(statement[-1], indent + "  ")]
        return rows

    return {"script": "\n".join(lines(question["script"], ""))}


def _requests(draws: Draws, level: int) -> dict:
    steps: list[str] = []
    live: list[int] = []
    made = 0
    for _ in range(6 + 2 * level):
        if live and draws.chance(2, 5):
            steps.append(f"free {live.pop(draws.below(len(live)))}")
        else:
            made += 1
            live.append(made)
            steps.append(f"alloc {draws.between(4, 30)}")
    return {"memory": draws.between(60, 100), "steps": steps}


def _first_fit(question: dict) -> list[int]:
    """Keep the blocks sorted and look at the gaps between them."""
    blocks: dict[int, tuple[int, int]] = {}
    addresses, made = [], 0
    for step in question["steps"]:
        verb, number = step.split()
        if verb == "free":
            blocks.pop(int(number), None)
            continue
        made, size, at = made + 1, int(number), 0
        for start, length in sorted(blocks.values()):
            if start - at >= size:
                break
            at = start + length
        fits = at + size <= question["memory"]
        if fits:
            blocks[made] = (at, size)
        addresses.append(at if fits else -1)
    return addresses


def _first_fit_by_cells(question: dict) -> list[int]:
    """Paint a map of cells."""
    cells, addresses, made = ["."] * question["memory"], [], 0
    for step in question["steps"]:
        verb, number = step.split()
        if verb == "free":
            cells = ["." if cell == number else cell for cell in cells]
            continue
        made, size = made + 1, int(number)
        spots = range(question["memory"] - size + 1)
        at = next((n for n in spots if all(c == "." for c in cells[n : n + size])), -1)
        if at >= 0:
            cells[at : at + size] = [str(made)] * size
        addresses.append(at)
    return addresses


def _rules(draws: Draws, level: int) -> dict | None:
    users, verbs, places = ("ann", "bob", "eve"), ("read", "write"), ("/", "/a", "/a/x", "/b")
    rules = [
        [draws.pick(("allow", "deny")), draws.pick((*users, "*")), draws.pick((*verbs, "*")),
         draws.pick(places)]
        for _ in range(4 + level)
    ]  # fmt: skip
    files = ("/a/f", "/a/x/g", "/b/h", "/c")
    asked = [[draws.pick(users), draws.pick(verbs), draws.pick(files)] for _ in range(8 + level)]
    question = {"rules": rules, "requests": asked}
    return question if 3 <= _verdicts(question).count("A") <= len(asked) - 3 else None


def _matches(rule: list[str], request: list[str]) -> bool:
    return (
        rule[1] in ("*", request[0])
        and rule[2] in ("*", request[1])
        and request[2].startswith(rule[3])
    )


def _verdicts(question: dict) -> str:
    result = ""
    for request in question["requests"]:
        verdict = "D"
        for rule in question["rules"]:
            if _matches(rule, request):
                verdict = rule[0][0].upper()
        result += verdict
    return result


def _verdicts_backwards(question: dict) -> str:
    letters = []
    for request in question["requests"]:
        hits = (rule[0] for rule in reversed(question["rules"]) if _matches(rule, request))
        letters.append("A" if next(hits, "deny") == "allow" else "D")
    return "".join(letters)


def _show_rules(question: dict) -> dict:
    return {
        name: "\n".join(f"{n}: {' '.join(row)}" for n, row in enumerate(question[name], start=1))
        for name in ("rules", "requests")
    }


def _heap(draws: Draws, level: int) -> dict | None:
    count = 7 + level
    names = "ABCDEFGHIJKLMNOPQ"[:count]
    refs = {name: "".join(sorted(draws.sample(names, draws.below(3)))) for name in names}
    root = draws.pick(names)
    question = {"refs": refs, "root": root}
    return question if 2 <= len(_leaked(question)) <= count - 2 else None


def _leaked(question: dict) -> list[str]:
    """Unreachable objects that no chain of falling counts frees."""
    refs = question["refs"]
    counts = {name: sum(name in held for held in refs.values()) for name in refs}
    counts[question["root"]] += 1
    waiting = [name for name, count in counts.items() if not count]
    freed: set[str] = set()
    while waiting:
        name = waiting.pop()
        freed.add(name)
        for other in refs[name]:
            counts[other] -= 1
            if not counts[other]:
                waiting.append(other)
    reached, edge = {question["root"]}, [question["root"]]
    for name in edge:
        fresh = [other for other in refs[name] if other not in reached]
        reached.update(fresh)
        edge += fresh
    return sorted(set(refs) - freed - reached)


def _leaked_by_removal(question: dict) -> list[str]:
    """Strike out unreferenced objects one at a time; then spread marks from the root."""
    left = dict(question["refs"])
    while True:
        loose = [
            n for n in left if n != question["root"] and not any(n in r for r in left.values())
        ]
        if not loose:
            break
        del left[loose[0]]
    marked = {question["root"]}
    while True:
        more = {other for name in marked for other in left[name]} | marked
        if more == marked:
            return sorted(set(left) - marked)
        marked = more


def _show_heap(question: dict) -> dict:
    lines = [f"{name}: {' '.join(held) or '-'}" for name, held in question["refs"].items()]
    return {"refs": "\n".join(lines), "root": question["root"]}


TASKS = (
    Task(
        id="prog.struct_layout",
        title="Offsets of the fields of a struct, and its size",
        knob="fields",
        draw=_fields,
        solve=_layout,
        second=_layout_by_bytes,
        answer=Integers(),
        en=(
            "A struct has fields of the types {fields}, in this order. Sizes: char 1, short 2, int "
            "and float 4, long and double 8; each is aligned to its size, and the struct's size is "
            "a multiple of its largest alignment. Give the offset of every field, then the size.",
            "Lay out {fields} in memory with natural alignment (char 1, short 2, int 4, float 4, "
            "long 8, double 8). List the offsets and, last, the padded total size.",
            "Offsets and size of struct {fields}:",
        ),
        zh=(
            "结构体依次有类型 {fields} 的字段。大小：char 1，short 2，int 和 float 4，long 和 "
            "double 8；"
            "各按自身大小对齐，结构体大小为最大对齐的倍数。写出每个字段的偏移，最后写大小。",
            "按自然对齐（char 1、short 2、int 4、float 4、long 8、double 8）排列 {fields}，列出各"
            "偏移，"
            "最后是补齐后的总大小。",
            "结构体 {fields} 的偏移与大小：",
        ),
    ),
    Task(
        id="prog.resolve_path",
        title="Real path behind symbolic links",
        knob="parts of the path",
        draw=_path,
        solve=_resolve,
        second=_resolve_by_text,
        answer=Word("/abcdel123456789", "Write the absolute path.", "写出绝对路径。"),
        echoes=True,
        show=_show_path,
        en=(
            "Symbolic links (a relative target counts from the folder that holds the link):\n"
            "{links}\nEverything else is a plain folder. Which real path is {path}?",
            "Resolve {path} completely, following these links:\n{links}",
            "{links}\n{path} =",
        ),
        zh=(
            "符号链接（相对目标从链接所在目录算起）：\n{links}\n其余都是普通目录。{path} 的真实路"
            "径是什么？",
            "按这些链接完整解析 {path}：\n{links}",
            "{links}\n{path} =",
        ),
    ),
    Task(
        id="prog.image_layers",
        title="Files of an image built from layers",
        knob="layers",
        draw=_layers,
        solve=_image,
        second=_image_from_above,
        answer=Words(ordered=False, example="z/9:1"),
        show=_show_layers,
        en=(
            "Layers are applied from 1 up, each from left to right: +f writes the file f, -f "
            "deletes it, -d deletes the whole folder d.\n{layers}\nList the files that remain as "
            "file:layer, with the layer that wrote each last.",
            "Which files does this image contain, and from which layer is each? (+ write, - delete "
            "a file or a folder; later steps win.) Write file:layer.\n{layers}",
            "{layers}\nfile:layer:",
        ),
        zh=(
            "自第 1 层起依次应用，每层从左到右：+f 写文件 f，-f 删除它，-d 删除整个目录 d。"
            "\n{layers}\n"
            "以 文件:层号 列出剩下的文件及最后写入它的层。",
            "镜像中有哪些文件，各来自哪一层？（+ 写入，- 删除文件或目录，后者覆盖前者）写成 文件"
            ":层号。"
            "\n{layers}",
            "{layers}\n文件:层号：",
        ),
    ),
    Task(
        id="prog.rebuild",
        title="Targets that a build tool makes again",
        knob="targets",
        draw=_targets,
        solve=_rebuilt,
        second=_rebuilt_by_rounds,
        answer=Words(ordered=False, example="t99"),
        show=_show_targets,
        en=(
            "A target is built again if it is missing, if something it is made from has a later "
            "time, or if something it is made from is built again.\n{targets}\nWhich targets are "
            "built again?",
            "List what make would rebuild (everything is wanted; newer or rebuilt prerequisites "
            "and missing files trigger it):\n{targets}",
            "{targets}\nrebuilt:",
        ),
        zh=(
            "若目标缺失、其来源的时间更晚或其来源被重建，则该目标重建（from 后为来源）。"
            "\n{targets}\n"
            "哪些目标会重建？",
            "列出 make 会重建的目标（全部都要；来源更新、来源被重建或文件缺失都会触发）："
            "\n{targets}",
            "{targets}\n重建：",
        ),
    ),
    Task(
        id="prog.event_loop",
        title="Order in which callbacks log",
        knob="callbacks",
        draw=_script,
        solve=_event_loop,
        second=_event_loop_by_keys,
        answer=Word("ABCDEFGHIJKLMNOPQR", "Write the letters as one word.", "把字母连写成一个词。"),
        show=_show_script,
        en=(
            "The script below runs on an event loop. 'micro' queues its block: all queued blocks "
            "run, first in first out, once the current block and those before are done, ahead of "
            "any timer. 'timer n' runs its block n ms after the time of the timer block it was set "
            "in (the script counts as time 0); earlier times first, then in order of "
            "setting.\n{script}\nWhich letters are logged, in order?",
            "Give the log of this event loop (microtasks before timers, both FIFO; timers by due "
            "time, code takes no time):\n{script}",
            "{script}\nlog:",
        ),
        zh=(
            "下面的脚本在事件循环中运行。micro 把其块排队：当前块及之前排队的块完成后，先于任何计"
            "时器"
            "按先进先出执行。timer n 在设置它的计时器块的时间（脚本为 0）之后 n 毫秒执行其块；时间"
            "早者先，"
            "相同则先设者先。\n{script}\n依次输出哪些字母？",
            "写出该事件循环的输出（微任务先于计时器，均先进先出；计时器按到期时间，代码不耗时）："
            "\n{script}",
            "{script}\n输出：",
        ),
    ),
    Task(
        id="prog.first_fit",
        title="Addresses that a first-fit allocator returns",
        knob="requests",
        draw=_requests,
        solve=_first_fit,
        second=_first_fit_by_cells,
        answer=Integers(),
        en=(
            "Memory has the cells 0 to below {memory}. 'alloc n' takes the lowest n free cells in "
            "a row and returns the first, or -1 if there are none; allocations are numbered 1, 2, "
            "... in order (also failed ones), 'free k' releases number k. Run: {steps}. Which "
            "values do the allocations return?",
            "First-fit allocation in {memory} cells: {steps} (free names the allocation by its "
            "number). List the addresses returned, -1 for failure.",
            "First fit, {memory} cells: {steps}",
        ),
        zh=(
            "内存有 0 到 {memory} 之前的单元。alloc n 占用最低的连续 n 个空闲单元并返回首址，没有"
            "则返回 -1；"
            "分配按顺序编号 1、2…（失败也编号），free k 释放第 k 个。执行：{steps}。各次分配返回什"
            "么？",
            "在 {memory} 个单元中首次适应分配：{steps}（free 后为分配编号）。列出返回的地址，失败"
            "为 -1。",
            "首次适应，{memory} 单元：{steps}",
        ),
    ),
    Task(
        id="prog.access_rules",
        title="Verdicts of an ordered list of permissions",
        knob="rules",
        draw=_rules,
        solve=_verdicts,
        second=_verdicts_backwards,
        answer=Word("AD", "Write one word of the letters A and D.", "写成由 A 和 D 组成的一个词。"),
        show=_show_rules,
        en=(
            "Rules name user, action and a prefix of the path (* is any); of those that match a "
            "request the last one decides, and without any it is denied.\n{rules}\nRequests:\n"
            "{requests}\nWrite A (allowed) or D (denied) for each request.",
            "Last matching rule wins, default deny. Judge the requests in order with A or D.\n"
            "Rules:\n{rules}\nRequests:\n{requests}",
            "{rules}\n---\n{requests}\nA or D each:",
        ),
        zh=(
            "规则含用户、动作和路径前缀（* 为任意）；与请求匹配的规则中最后一条决定，没有匹配则拒"
            "绝。\n"
            "{rules}\n请求：\n{requests}\n对每个请求写 A（允许）或 D（拒绝）。",
            "最后匹配者生效，默认拒绝。依次用 A 或 D 判定请求。\n规则：\n{rules}\n请求："
            "\n{requests}",
            "{rules}\n---\n{requests}\n逐个 A 或 D：",
        ),
    ),
    Task(
        id="prog.leaked_objects",
        title="Objects that reference counting never frees",
        knob="objects",
        draw=_heap,
        solve=_leaked,
        second=_leaked_by_removal,
        answer=Words(ordered=False, example="Z"),
        show=_show_heap,
        en=(
            "Each object with those it refers to:\n{refs}\nOnly {root} is held from outside. "
            "Reference counting frees an object when nothing that exists refers to it any more. "
            "Which objects cannot be reached from {root} and are nevertheless never freed?",
            "Find the garbage that reference counting leaks (unreachable, kept alive by cycles); "
            "the only root is {root}:\n{refs}",
            "{refs}\nroot {root}; leaked:",
        ),
        zh=(
            "各对象及其引用的对象：\n{refs}\n外部只持有 {root}。引用计数在没有现存对象引用某对象时"
            "释放它。"
            "哪些对象从 {root} 不可达却永不被释放？",
            "找出引用计数会泄漏的垃圾（不可达，因环而存活）；唯一的根是 {root}：\n{refs}",
            "{refs}\n根 {root}；泄漏：",
        ),
    ),
)
