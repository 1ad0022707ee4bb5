"""Board games: legal moves, captures and what the board looks like after them.

Source: the usual rules, restated in the prompts where they matter. Knob: the size of the board or
the number of pieces. (Long for the prompts of seven tasks.)
"""

from collections.abc import Iterator

from internbootcamp_env.answers import Integers, Words
from internbootcamp_env.draws import Draws
from internbootcamp_env.engines.grids import CharGrid, NumberGrid, around, show_numbers, show_rows
from internbootcamp_env.task import Task

_FILES = "abcdefgh"
_LINES = {
    "R": ((0, 1), (1, 0), (0, -1), (-1, 0)),
    "B": ((1, 1), (1, -1), (-1, 1), (-1, -1)),
    "N": ((1, 2), (2, 1), (2, -1), (1, -2), (-1, -2), (-2, -1), (-2, 1), (-1, 2)),
}
_LINES["Q"] = _LINES["K"] = _LINES["R"] + _LINES["B"]
_WAYS = ((-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1))


def _square(x: int, y: int) -> str:
    return f"{_FILES[x]}{y + 1}"


def _place(square: str) -> tuple[int, int]:
    return _FILES.index(square[0]), int(square[1:]) - 1


def _pieces(draws: Draws, level: int) -> dict | None:
    squares = [_square(x, y) for x in range(8) for y in range(8)]
    chosen = draws.sample(squares, 5 + 2 * level)
    kind = draws.pick("RBQQ")
    men = {square: draws.pick(("w", "b")) for square in sorted(chosen[1:])}
    question = {"kind": kind, "at": chosen[0], "men": men}
    return question if _moves(question) else None


def _moves(question: dict) -> list[str]:
    """Run along each line until something stands in the way."""
    found = []
    x, y = _place(question["at"])
    for dx, dy in _LINES[question["kind"]]:
        i, j = x + dx, y + dy
        while 0 <= i < 8 and 0 <= j < 8:
            colour = question["men"].get(_square(i, j))
            if colour != "w":
                found.append(_square(i, j))
            if colour:
                break
            i, j = i + dx, j + dy
    return sorted(found)


def _moves_by_target(question: dict) -> list[str]:
    """Try every square: on a line with the piece, nothing strictly between, none of its own."""
    x, y = _place(question["at"])
    found = []
    for i in range(8):
        for j in range(8):
            dx, dy = i - x, j - y
            straight, slanted = dx * dy == 0, abs(dx) == abs(dy)
            right = {"R": straight, "B": slanted, "Q": straight or slanted}[question["kind"]]
            far = max(abs(dx), abs(dy))
            between = [_square(x + dx * n // far, y + dy * n // far) for n in range(1, far)]
            free = question["men"].get(_square(i, j)) != "w"
            if far and right and free and not any(s in question["men"] for s in between):
                found.append(_square(i, j))
    return sorted(found)


def _show_pieces(question: dict) -> dict:
    names = {"R": ("rook", "车"), "B": ("bishop", "象"), "Q": ("queen", "后")}
    men = question["men"]
    return {
        "name": names[question["kind"]][0],
        "name_zh": names[question["kind"]][1],
        "at": question["at"],
        "own": " ".join(s for s, colour in men.items() if colour == "w") or "-",
        "foe": " ".join(s for s, colour in men.items() if colour == "b") or "-",
    }


def _attackers_question(draws: Draws, level: int) -> dict | None:
    squares = [_square(x, y) for x in range(8) for y in range(8)]
    target, *chosen = draws.sample(squares, 7 + 2 * level)
    men = {square: draws.pick("RBNQK") for square in sorted(chosen)}
    question = {"target": target, "men": men}
    return question if len(_attackers(question)) >= 2 else None


def _attackers(question: dict) -> list[str]:
    """Go out from each piece."""
    target, found = _place(question["target"]), []
    for square, kind in question["men"].items():
        x, y = _place(square)
        for dx, dy in _LINES[kind]:
            i, j = x + dx, y + dy
            while 0 <= i < 8 and 0 <= j < 8:
                if (i, j) == target:
                    found.append(kind + square)
                if kind in "NK" or _square(i, j) in question["men"]:
                    break
                i, j = i + dx, j + dy
    return sorted(found)


def _attackers_from_target(question: dict) -> list[str]:
    """Look out from the target: the first piece on a line attacks if it moves along it."""
    x, y = _place(question["target"])
    men, found = question["men"], []
    for dx, dy in _LINES["Q"]:
        steps = 1
        while 0 <= x + dx * steps < 8 and 0 <= y + dy * steps < 8:
            square = _square(x + dx * steps, y + dy * steps)
            kind = men.get(square)
            if kind:
                slider = kind == "Q" or kind == ("R" if dx * dy == 0 else "B")
                found += [kind + square] if slider or (kind == "K" and steps == 1) else []
                break
            steps += 1
    knights = (_square(x + dx, y + dy) for dx, dy in _LINES["N"]
               if 0 <= x + dx < 8 and 0 <= y + dy < 8)  # fmt: skip
    return sorted(found + ["N" + s for s in knights if men.get(s) == "N"])


def _show_attackers(question: dict) -> dict:
    men = " ".join(kind + square for square, kind in question["men"].items())
    return {"target": question["target"], "men": men}


def _stones(draws: Draws, level: int) -> dict | None:
    """A position of reversi in which black has a move that turns several stones."""
    side = 5 + level // 3
    rows = [draws.text("XOO.", side) for _ in range(side)]
    question = {"board": rows}
    return question if len(_reversi_moves(question)) >= 2 else None


def _turned(rows: list[str], r: int, c: int) -> list[tuple[int, int]]:
    """Return the stones that black X turns by playing at a cell."""
    side, turned = len(rows), []
    for dr, dc in _WAYS:
        line, i, j = [], r + dr, c + dc
        while 0 <= i < side and 0 <= j < side and rows[i][j] == "O":
            line.append((i, j))
            i, j = i + dr, j + dc
        if 0 <= i < side and 0 <= j < side and rows[i][j] == "X":
            turned += line
    return turned


def _reversi_moves(question: dict) -> list[str]:
    rows = question["board"]
    cells = ((r, c) for r in range(len(rows)) for c in range(len(rows)))
    return sorted(f"{r + 1}-{c + 1}" for r, c in cells
                  if rows[r][c] == "." and _turned(rows, r, c))  # fmt: skip


def _reversi_moves_by_text(question: dict) -> list[str]:
    """Write out the eight rays from an empty cell and compare them with `OO...X`."""
    rows, found = question["board"], []
    for r, row in enumerate(rows):
        for c, cell in enumerate(row):
            rays = ("".join(_ray(rows, r, c, way)) for way in _WAYS)
            if cell == "." and any(
                ray.startswith("O") and ray.lstrip("O").startswith("X") for ray in rays
            ):
                found.append(f"{r + 1}-{c + 1}")
    return sorted(found)


def _ray(rows: list[str], r: int, c: int, way: tuple[int, int]) -> Iterator[str]:
    r, c = r + way[0], c + way[1]
    while 0 <= r < len(rows) and 0 <= c < len(rows):
        yield rows[r][c]
        r, c = r + way[0], c + way[1]


def _reversi_turn(draws: Draws, level: int) -> dict | None:
    question = _stones(draws, level)
    if question is None:
        return None
    move = draws.pick(_reversi_moves(question))
    return question | {"move": [int(n) for n in move.split("-")]}


def _after_move(question: dict) -> list[str]:
    rows = [list(row) for row in question["board"]]
    r, c = (n - 1 for n in question["move"])
    for i, j in [(r, c), *_turned(question["board"], r, c)]:
        rows[i][j] = "X"
    return ["".join(row) for row in rows]


def _after_move_by_rays(question: dict) -> list[str]:
    rows = [list(row) for row in question["board"]]
    r, c = (n - 1 for n in question["move"])
    for way in _WAYS:
        ray = "".join(_ray(question["board"], r, c, way))
        count = len(ray) - len(ray.lstrip("O"))
        if ray[count : count + 1] == "X":
            for n in range(1, count + 1):
                rows[r + n * way[0]][c + n * way[1]] = "X"
    rows[r][c] = "X"
    return ["".join(row) for row in rows]


def _goban(draws: Draws, level: int) -> dict | None:
    """Draw stones, open up groups without breath, and play where a white group breathes last."""
    side = 5 + level // 3
    rows = [draws.text("XXXOO.", side) for _ in range(side)]
    for r, c in list(_cells(rows)):
        if rows[r][c] != "." and not _liberties(rows, r, c):
            rows[r] = rows[r][:c] + "." + rows[r][c + 1 :]
    lives, seen = [], set()
    for r, c in _cells(rows):
        if rows[r][c] == "O" and (r, c) not in seen:
            seen |= _group(rows, r, c)
            lives.append(_liberties(rows, r, c))
    last = sorted({cell for life in lives if len(life) == 1 for cell in life})
    if not last:
        return None
    r, c = draws.pick(last)
    return {"board": rows, "move": [r + 1, c + 1]}


def _cells(rows: list[str]) -> Iterator[tuple[int, int]]:
    return ((r, c) for r, row in enumerate(rows) for c, cell in enumerate(row) if cell != ".")


def _group(rows: list[str], r: int, c: int) -> set[tuple[int, int]]:
    group, edge = {(r, c)}, [(r, c)]
    for cell in edge:
        for other in around(*cell, len(rows), len(rows)):
            if rows[other[0]][other[1]] == rows[r][c] and other not in group:
                group.add(other)
                edge.append(other)
    return group


def _liberties(rows: list[str], r: int, c: int) -> set[tuple[int, int]]:
    return {
        (i, j)
        for cell in _group(rows, r, c)
        for i, j in around(*cell, len(rows), len(rows))
        if rows[i][j] == "."
    }


def _captured(question: dict) -> list[str]:
    """White stones in a group whose last liberty is the move."""
    rows, move = question["board"], tuple(n - 1 for n in question["move"])
    taken = {
        (r, c) for r, c in _cells(rows) if rows[r][c] == "O" and _liberties(rows, r, c) == {move}
    }
    return sorted(f"{r + 1}-{c + 1}" for r, c in taken)


def _captured_by_breath(question: dict) -> list[str]:
    """Play the stone, then let breath spread from the empty cells through white stones."""
    rows = [list(row) for row in question["board"]]
    rows[question["move"][0] - 1][question["move"][1] - 1] = "X"
    side, alive = len(rows), set()
    changed = True
    while changed:
        changed = False
        for r in range(side):
            for c in range(side):
                if rows[r][c] == "O" and (r, c) not in alive:
                    near = around(r, c, side, side)
                    if any(rows[i][j] == "." or (i, j) in alive for i, j in near):
                        alive.add((r, c))
                        changed = True
    white = {(r, c) for r in range(side) for c in range(side) if rows[r][c] == "O"}
    return sorted(f"{r + 1}-{c + 1}" for r, c in white - alive)


def _show_board(question: dict) -> dict:
    shown = question | {"board": show_rows(question["board"])}
    if "move" in question:
        shown["move"] = "-".join(map(str, question["move"]))
    return shown


def _tiles(draws: Draws, level: int) -> dict:
    side = 4 + level // 4
    rows = [[draws.pick((0, 2, 2, 4, 4, 8)) for _ in range(side)] for _ in range(side)]
    return {"rows": rows, "moves": "".join(draws.pick("UDLR") for _ in range(1 + level // 3))}


def _slid_left(row: list[int]) -> list[int]:
    tiles, result = [n for n in row if n], []
    while tiles:
        if tiles[:1] == tiles[1:2]:
            result.append(2 * tiles[0])
            tiles = tiles[2:]
        else:
            result.append(tiles.pop(0))
    return result + [0] * (len(row) - len(result))


def _merged(question: dict) -> list[list[int]]:
    """Turn the board so that the move goes left, and back."""
    rows = question["rows"]
    for move in question["moves"]:
        if move in "UD":
            rows = [list(column) for column in zip(*rows, strict=True)]
        if move in "RD":
            rows = [row[::-1] for row in rows]
        rows = [_slid_left(row) for row in rows]
        if move in "RD":
            rows = [row[::-1] for row in rows]
        if move in "UD":
            rows = [list(column) for column in zip(*rows, strict=True)]
    return rows


def _merged_in_place(question: dict) -> list[list[int]]:
    """Let every tile travel on its own, those in front first."""
    rows = [list(row) for row in question["rows"]]
    side = len(rows)
    steps = {"U": (-1, 0), "D": (1, 0), "L": (0, -1), "R": (0, 1)}
    for move in question["moves"]:
        dr, dc = steps[move]
        done = set()
        cells = [(r, c) for r in range(side) for c in range(side)]
        for r, c in sorted(cells, key=lambda cell: -(cell[0] * dr + cell[1] * dc)):
            tile, rows[r][c] = rows[r][c], 0
            i, j = r, c
            while tile and 0 <= i + dr < side and 0 <= j + dc < side and not rows[i + dr][j + dc]:
                i, j = i + dr, j + dc
            ahead = (i + dr, j + dc)
            inside = 0 <= ahead[0] < side and 0 <= ahead[1] < side
            if tile and inside and rows[ahead[0]][ahead[1]] == tile and ahead not in done:
                rows[ahead[0]][ahead[1]] = 2 * tile
                done.add(ahead)
            elif tile:
                rows[i][j] = tile
    return rows


def _houses(draws: Draws, level: int) -> dict:
    count = 4 + level // 4
    own, foe = draws.integers(count, 1, 6 + level), draws.integers(count, 0, 6 + level)
    plays = [draws.between(1, count) for _ in range(1 + level // 2)]
    return {"own": own, "foe": foe, "plays": plays}


def _sown(question: dict) -> list[int]:
    """Go round own houses, own store and the other's houses; turns are all the same player's."""
    count = len(question["own"])
    ring = [*question["own"], 0, *question["foe"]]
    for play in question["plays"]:
        seeds, ring[play - 1] = ring[play - 1], 0
        at = play - 1
        while seeds:
            at = (at + 1) % len(ring)
            ring[at] += 1
            seeds -= 1
    return [*ring[:count], ring[count], *ring[count + 1 :]]


def _sown_by_division(question: dict) -> list[int]:
    """Each full round gives every hole one seed; the rest go to the next holes."""
    ring = [*question["own"], 0, *question["foe"]]
    size = len(ring)
    for play in question["plays"]:
        rounds, rest = divmod(ring[play - 1], size)
        ring[play - 1] = 0
        ring = [
            n + rounds + (0 < (place - play + 1) % size <= rest) for place, n in enumerate(ring)
        ]
    return ring


TASKS = (
    Task(
        id="game.chess_line_moves",
        version=2,
        title="Squares that a chess piece can move to",
        knob="pieces",
        draw=_pieces,
        solve=_moves,
        second=_moves_by_target,
        answer=Words(ordered=False, example="h9"),
        show=_show_pieces,
        echoes=True,
        en=(
            "A white {name} stands on {at}. Other white pieces: {own}; black pieces: {foe}. Which "
            "squares can it move to (kings and checks aside)?",
            "List all squares that the white {name} on {at} may go to or capture on; white men on "
            "{own}, black men on {foe}.",
            "White {name} {at}; white {own}; black {foe}; moves:",
        ),
        zh=(
            "白{name_zh}在 {at}。其他白子：{own}；黑子：{foe}。它能走到哪些格（不考虑王和将军）？",
            "列出 {at} 的白{name_zh}能走到或吃子的所有格；白子在 {own}，黑子在 {foe}。",
            "白{name_zh} {at}；白 {own}；黑 {foe}；可走：",
        ),
    ),
    Task(
        id="game.chess_attackers",
        title="Chess pieces that attack a square",
        knob="pieces",
        draw=_attackers_question,
        solve=_attackers,
        second=_attackers_from_target,
        answer=Words(ordered=False, example="Qh9"),
        show=_show_attackers,
        echoes=True,
        en=(
            "On a chess board stand {men} (K king, Q queen, R rook, B bishop, N knight), all of "
            "one colour. Which of them attack the square {target}? Pieces block lines.",
            "List the pieces among {men} that attack {target}.",
            "{men}; attackers of {target}:",
        ),
        zh=(
            "棋盘上有同色的 {men}（K 王，Q 后，R 车，B 象，N 马）。其中哪些攻击 {target}？棋子会挡"
            "线。",
            "列出 {men} 中攻击 {target} 的棋子。",
            "{men}；攻击 {target} 者：",
        ),
    ),
    Task(
        id="game.reversi_moves",
        title="Legal moves in reversi",
        knob="side of the board",
        draw=_stones,
        solve=_reversi_moves,
        second=_reversi_moves_by_text,
        answer=Words(ordered=False, example="9-9"),
        show=_show_board,
        en=(
            "Reversi: X plays on an empty cell (.) if a straight or diagonal line from it runs "
            "over one or more O and then reaches an X. List X's legal moves as row-column, "
            "counted from 1 at the top left:\n{board}",
            "Which moves (row-column) does X have in this Othello position?\n{board}",
            "{board}\nX's moves, row-column:",
        ),
        zh=(
            "黑白棋：X 下在空格（.），且某直线或斜线经过一个或多个 O 后到达 X 才合法。以 行-列（左"
            "上角从 1 起）"
            "列出 X 的合法着法：\n{board}",
            "在这个黑白棋局面中，X 有哪些着法（行-列）？\n{board}",
            "{board}\nX 的着法，行-列：",
        ),
    ),
    Task(
        id="game.reversi_board",
        title="Board of reversi after a move",
        knob="side of the board",
        draw=_reversi_turn,
        solve=_after_move,
        second=_after_move_by_rays,
        answer=CharGrid("XO."),
        show=_show_board,
        en=(
            "X plays at {move} (row-column from the top left). All O between the new stone and "
            "another X along a line, with nothing else between, become X. Draw the board after "
            "it:\n{board}",
            "Give the Othello position after X at {move} (row-column):\n{board}",
            "{board}\nafter X {move}:",
        ),
        zh=(
            "X 下在 {move}（行-列，自左上角）。新子与另一个 X 之间沿直线且其间全为 O 的都变为 X。"
            "画出之后的棋盘：\n{board}",
            "写出 X 下在 {move}（行-列）后的黑白棋局面：\n{board}",
            "{board}\nX 下 {move} 之后：",
        ),
    ),
    Task(
        id="game.go_captures",
        title="Stones captured by a move in go",
        knob="side of the board",
        draw=_goban,
        solve=_captured,
        second=_captured_by_breath,
        answer=Words(ordered=False, example="9-9"),
        show=_show_board,
        en=(
            "Go: X plays at {move} (row-column, top left 1-1). A group of O joined along lines is "
            "captured when no cell next to it is empty any more. Which stones are "
            "captured?\n{board}",
            "List the O stones (row-column) that X captures by playing {move} on this go "
            "board:\n{board}",
            "{board}\nX {move} captures:",
        ),
        zh=(
            "围棋：X 下在 {move}（行-列，左上角 1-1）。沿线相连的一块 O 若旁边再无空格即被提。哪些"
            "子被提？"
            "\n{board}",
            "列出 X 在这个棋盘上下 {move} 提掉的 O（行-列）：\n{board}",
            "{board}\nX {move} 提：",
        ),
    ),
    Task(
        id="game.merge_tiles",
        title="Number tiles after sliding and merging",
        knob="tiles and moves",
        draw=_tiles,
        solve=_merged,
        second=_merged_in_place,
        answer=NumberGrid(),
        show=lambda q: q | {"rows": show_numbers(q["rows"])},
        en=(
            "In a game like 2048 (0 is empty) the moves {moves} (U up, D down, L left, R right) "
            "are made, without new tiles. Tiles slide as far as they can; two equal ones that "
            "meet merge once a move, those nearer the wall first. Give the board:\n{rows}",
            "Slide and merge by {moves}, nothing is added. What does the board become?\n{rows}",
            "{rows}\nafter {moves}:",
        ),
        zh=(
            "类似 2048 的游戏（0 为空），依次走 {moves}（U 上，D 下，L 左，R 右），不加新块。块滑"
            "到底，"
            "相遇的两个相等块合并，每步每块至多一次，靠墙者先。写出棋盘：\n{rows}",
            "按 {moves} 滑动合并，不添加新块，棋盘变成什么？\n{rows}",
            "{rows}\n{moves} 之后：",
        ),
    ),
    Task(
        id="game.sowing",
        title="Seeds after sowing rounds",
        knob="houses and turns",
        draw=_houses,
        solve=_sown,
        second=_sown_by_division,
        answer=Integers(),
        en=(
            "A player has houses with {own} seeds (1, 2, ...), then a store with 0, then come the "
            "opponent's houses with {foe}, and round again. Playing house n takes all its seeds "
            "and sows one by one into the following holes, store included (the emptied house is "
            "sown too when passed). After the plays {plays}, list all holes: own houses, store, "
            "opponent's.",
            "Ring of holes: {own}, store 0, {foe}. Empty and sow in order the own houses {plays} "
            "(one seed per hole, going round). Give the ring.",
            "{own} | 0 | {foe}; sow {plays}:",
        ),
        zh=(
            "玩家各坑有 {own} 粒种子（编号 1、2…），接着是 0 粒的仓，再是对手各坑 {foe}，循环。走"
            "第 n 坑即取出"
            "其全部种子，逐一播到后面的坑（含仓，绕回时也含已取空的坑）。依次走 {plays} 后，列出所"
            "有坑："
            "己方各坑、仓、对手各坑。",
            "环形坑：{own}、仓 0、{foe}。依次取空并播撒己方的坑 {plays}（每坑一粒，循环）。写出整"
            "个环。",
            "{own} | 0 | {foe}；播撒 {plays}：",
        ),
    ),
)
