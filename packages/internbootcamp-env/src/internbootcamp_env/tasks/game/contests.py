"""Votes, seats, auctions, cards and scores: who gets what by the rules.

Source: standard rules of voting, apportionment, auctions, game theory and scoring, restated in the
prompts. Knob: the number of voters, parties, items or rounds. (Long for nine prompts.)
"""

import itertools
from collections import Counter
from fractions import Fraction

from internbootcamp_env.answers import Integers, Rational, Word, Words
from internbootcamp_env.draws import Draws
from internbootcamp_env.engines.grids import show_numbers
from internbootcamp_env.task import Task


def _votes(draws: Draws, level: int) -> dict | None:
    parties = 3 + level // 2
    votes = draws.integers(parties, 1_000, 20_000 + 5_000 * level)
    if len(set(votes)) < parties:
        return None
    return {"votes": votes, "seats": 6 + 3 * level + draws.below(5)}


def _highest_averages(question: dict) -> list[int]:
    """Give the seats one by one to the party with the greatest votes / (seats + 1)."""
    votes, seats = question["votes"], [0] * len(question["votes"])
    for _ in range(question["seats"]):
        best = max(range(len(votes)), key=lambda p: Fraction(votes[p], seats[p] + 1))
        seats[best] += 1
    return seats


def _highest_averages_by_quota(question: dict) -> list[int]:
    """Sort all quotients and count those on top."""
    rows = [
        (Fraction(votes, n), -party)
        for party, votes in enumerate(question["votes"])
        for n in range(1, question["seats"] + 1)
    ]
    top = Counter(-party for _, party in sorted(rows, reverse=True)[: question["seats"]])
    return [top[party] for party in range(len(question["votes"]))]


def _largest_remainders(question: dict) -> list[int]:
    total = sum(question["votes"])
    shares = [Fraction(votes * question["seats"], total) for votes in question["votes"]]
    seats = [int(share) for share in shares]
    order = sorted(range(len(seats)), key=lambda p: seats[p] - shares[p])
    for party in order[: question["seats"] - sum(seats)]:
        seats[party] += 1
    return seats


def _largest_remainders_by_integers(question: dict) -> list[int]:
    total = sum(question["votes"])
    pairs = [divmod(votes * question["seats"], total) for votes in question["votes"]]
    left = question["seats"] - sum(whole for whole, _ in pairs)
    line = sorted((rest for _, rest in pairs), reverse=True)[left] if left else total
    return [whole + (rest > line) for whole, rest in pairs]


def _ballots(draws: Draws, level: int) -> dict | None:
    names = "ABCDEFGH"[: 4 + level // 4]
    ballots = ["".join(draws.shuffled(names)) for _ in range(3 + level // 2)]
    sizes = draws.sample(range(2, 30 + 2 * level), len(ballots))
    question = {"names": names, "ballots": ballots, "sizes": sizes}
    return None if _runoff_ties(question) else question


def _tops(question: dict, left: str) -> dict[str, int]:
    counts = dict.fromkeys(left, 0)
    for ballot, size in zip(question["ballots"], question["sizes"], strict=True):
        counts[next(name for name in ballot if name in left)] += size
    return counts


def _runoff_ties(question: dict) -> bool:
    left = question["names"]
    while len(left) > 1:
        counts = sorted(_tops(question, left).values())
        if counts[0] == counts[1]:
            return True
        left = left.replace(min(left, key=_tops(question, left).__getitem__), "")
    return False


def _runoff(question: dict) -> str:
    """Eliminate the candidate with the fewest first places until one is left."""
    left, order = question["names"], ""
    while left:
        counts = _tops(question, left)
        last = min(left, key=counts.__getitem__)
        order += last
        left = left.replace(last, "")
    return order


def _runoff_by_piles(question: dict) -> str:
    """Keep piles of ballots and move those of whoever is out."""
    piles: dict[str, list[tuple[str, int]]] = {name: [] for name in question["names"]}
    for ballot, size in zip(question["ballots"], question["sizes"], strict=True):
        piles[ballot[0]].append((ballot, size))
    order = ""
    while piles:
        last = min(piles, key=lambda name: sum(size for _, size in piles[name]))
        for ballot, size in piles.pop(last):
            rest = [name for name in ballot if name in piles]
            if rest:
                piles[rest[0]].append((ballot, size))
        order += last
    return order


def _borda(question: dict) -> list[int]:
    points = dict.fromkeys(question["names"], 0)
    for ballot, size in zip(question["ballots"], question["sizes"], strict=True):
        for place, name in enumerate(ballot):
            points[name] += size * (len(ballot) - 1 - place)
    return [points[name] for name in question["names"]]


def _borda_by_duels(question: dict) -> list[int]:
    """A candidate's points are the votes that prefer it, over all duels."""
    rows = list(zip(question["ballots"], question["sizes"], strict=True))
    return [
        sum(
            size
            for ballot, size in rows
            for other in ballot
            if ballot.index(name) < ballot.index(other)
        )
        for name in question["names"]
    ]


def _show_ballots(question: dict) -> dict:
    rows = zip(question["sizes"], question["ballots"], strict=True)
    lines = [f"{size} x {' > '.join(ballot)}" for size, ballot in rows]
    return {"ballots": "\n".join(lines), "names": " ".join(question["names"])}


def _bimatrix(draws: Draws, level: int) -> dict | None:
    rows, columns = 3 + level // 4, 3 + level // 3
    a = [draws.integers(columns, 0, 9) for _ in range(rows)]
    b = [draws.integers(columns, 0, 9) for _ in range(rows)]
    question = {"a": a, "b": b}
    return question if 1 <= len(_equilibria(question)) <= 3 else None


def _equilibria(question: dict) -> list[str]:
    a, b = question["a"], question["b"]
    return sorted(
        f"{r + 1}-{c + 1}"
        for r, row in enumerate(a)
        for c, value in enumerate(row)
        if value == max(line[c] for line in a) and b[r][c] == max(b[r])
    )


def _equilibria_by_deviation(question: dict) -> list[str]:
    """Strike out every cell from which one player would rather move."""
    a, b = question["a"], question["b"]
    cells = set(itertools.product(range(len(a)), range(len(a[0]))))
    for r, c in list(cells):
        better = any(a[i][c] > a[r][c] for i in range(len(a)))
        better = better or any(b[r][j] > b[r][c] for j in range(len(a[0])))
        if better:
            cells.discard((r, c))
    return sorted(f"{r + 1}-{c + 1}" for r, c in cells)


def _show_bimatrix(question: dict) -> dict:
    lines = [
        " ".join(f"({x},{y})" for x, y in zip(p, q, strict=True))
        for p, q in zip(question["a"], question["b"], strict=True)
    ]
    return {"table": "\n".join(lines)}


def _two_rows(draws: Draws, level: int) -> dict:
    columns = 2 + level // 2
    top = 9 + level
    return {"rows": [draws.integers(columns, -top, top) for _ in range(2)]}


def _value(question: dict) -> str:
    """The row player's best guarantee: the highest point of the lower envelope of lines."""
    lines = list(zip(*question["rows"], strict=True))
    points = {Fraction(0), Fraction(1)}
    for (a, b), (c, d) in itertools.combinations(lines, 2):
        if a - b != c - d:
            p = Fraction(d - b, (a - b) - (c - d))
            if 0 < p < 1:
                points.add(p)
    return str(max(min(p * a + (1 - p) * b for a, b in lines) for p in points))


def _value_by_columns(question: dict) -> str:
    """The column player needs at most two columns: the least value of all such small games."""
    lines = list(zip(*question["rows"], strict=True))
    options = [Fraction(max(line)) for line in lines]
    for (a, b), (c, d) in itertools.combinations(lines, 2):
        bottom = (a - b) - (c - d)
        if bottom and 0 < (q := Fraction(d - c, bottom)) < 1:
            options.append(q * a + (1 - q) * c)
    return str(min(options))


def _bids(draws: Draws, level: int) -> dict:
    bidders = 4 + level // 2
    slots = 2 + level // 4
    clicks = sorted(draws.sample(range(5, 40 + 5 * level), slots), reverse=True)
    return {"bids": draws.sample(range(10, 100), bidders), "clicks": clicks}


def _harm(question: dict) -> list[int]:
    """Each winner pays what the others would gain without it."""
    bids, clicks = question["bids"], question["clicks"]

    def welfare(values: list[int]) -> int:
        return sum(v * c for v, c in zip(sorted(values, reverse=True), clicks, strict=False))

    ranked = sorted(bids, reverse=True)
    pays = []
    for bid in bids:
        others = [other for other in bids if other != bid]
        place = ranked.index(bid)
        own = bid * clicks[place] if place < len(clicks) else 0
        pays.append(welfare(others) - (welfare(bids) - own))
    return pays


def _harm_by_steps(question: dict) -> list[int]:
    """Going down the slots: each loss of clicks is paid at the next lower bid."""
    clicks = [*question["clicks"], 0]
    ranked = sorted(question["bids"], reverse=True)
    pays = dict.fromkeys(ranked, 0)
    for slot in range(len(question["clicks"]) - 1, -1, -1):
        step = (clicks[slot] - clicks[slot + 1]) * (
            ranked[slot + 1] if slot + 1 < len(ranked) else 0
        )
        for bid in ranked[: slot + 1]:
            pays[bid] += step
    return [pays[bid] for bid in question["bids"]]


_RANKS = "23456789TJQKA"


def _hands(draws: Draws, level: int) -> dict | None:
    deck = [rank + suit for rank in _RANKS for suit in "shdc"]
    count = 3 + level // 2
    if count < 6 and draws.chance(1, 2):  # few ranks or suits make pairs and flushes more likely
        deck = [card for card in deck if card[0] in _RANKS[4:]]
    cards = draws.sample(deck, 5 * count)
    hands = [cards[5 * n : 5 * n + 5] for n in range(count)]
    for hand in hands[:: 1 + draws.below(2)]:
        suit = draws.pick("shdc")
        if draws.chance(1, 5):
            hand[:] = [card[0] + suit for card in hand]
    flat = [card for hand in hands for card in hand]
    strengths = [_strength(hand) for hand in hands]
    fresh = len(set(flat)) == len(flat) and len({str(s) for s in strengths}) == count
    return {"hands": [" ".join(hand) for hand in hands]} if fresh else None


def _strength(hand: list[str]) -> list:
    """Category by the pattern of equal ranks, then ranks by multiplicity."""
    ranks = sorted((_RANKS.index(card[0]) for card in hand), reverse=True)
    counts = sorted(((ranks.count(r), r) for r in set(ranks)), reverse=True)
    pattern = [count for count, _ in counts]
    order = [r for _, r in counts]
    flush = len({card[1] for card in hand}) == 1
    straight = len(order) == 5 and ranks[0] - ranks[4] == 4
    if ranks == [12, 3, 2, 1, 0]:
        straight, order = True, [3, 2, 1, 0, -1]
    table = {(1, 1, 1, 1, 1): 0, (2, 1, 1, 1): 1, (2, 2, 1): 2, (3, 1, 1): 3, (3, 2): 6, (4, 1): 7}
    category = table[tuple(pattern)]
    if flush or straight:
        category = 8 if flush and straight else 5 if flush else 4
    return [category, order]


def _ranking(question: dict) -> list[int]:
    hands = [hand.split() for hand in question["hands"]]
    return sorted(range(1, len(hands) + 1), key=lambda n: _strength(hands[n - 1]), reverse=True)


def _ranking_by_tests(question: dict) -> list[int]:
    """Write every hand as a string that sorts like its strength, by a list of separate tests."""

    def key(text: str) -> str:
        ranks = Counter(_RANKS.index(card[0]) for card in text.split())
        suits = {card[1] for card in text.split()}
        run = max(ranks) - min(ranks) == 4 and len(ranks) == 5
        wheel = set(ranks) == {12, 0, 1, 2, 3}
        many = max(ranks.values())
        tests = (
            (run or wheel) and len(suits) == 1,
            many == 4,
            many == 3 and len(ranks) == 2,
            len(suits) == 1,
            run or wheel,
            many == 3,
            len(ranks) == 3,
            many == 2,
            True,
        )
        order = sorted(ranks, key=lambda r: (-ranks[r], -r))
        if wheel:
            order = [3, 2, 1, 0]
        letters = "".join(chr(97 + r) for r in order)
        return "987654321"[next(n for n, test in enumerate(tests) if test)] + letters

    hands = question["hands"]
    return sorted(range(1, len(hands) + 1), key=lambda n: key(hands[n - 1]), reverse=True)


def _rolls(draws: Draws, level: int) -> dict:
    """Ten frames of bowling as pins per ball; the level makes strikes and spares likelier."""
    rolls: list[int] = []
    for frame in range(1, 11):
        first = 10 if draws.chance(level, 20) else draws.below(10)
        second = 10 - first if draws.chance(level + 2, 20) else draws.below(11 - first)
        rolls += [first] if first == 10 else [first, second]
        if frame == 10 and first == 10:
            bonus = draws.below(11)
            rolls += [bonus, draws.below(11) if bonus == 10 else draws.below(11 - bonus)]
        elif frame == 10 and first + second == 10:
            rolls.append(draws.below(11))
    return {"rolls": rolls, "strikes": rolls.count(10)}


def _bowling(question: dict) -> list[int]:
    """Running total after every frame."""
    rolls, at, totals = question["rolls"], 0, [0]
    for _ in range(10):
        size = 1 if rolls[at] == 10 else 2
        span = 3 if sum(rolls[at : at + size]) == 10 else 2
        totals.append(totals[-1] + sum(rolls[at : at + span]))
        at += size
    return totals[1:]


def _bowling_by_weights(question: dict) -> list[int]:
    """Give every ball to its frame and to the marks before it that still count balls."""
    totals, marks, frame, first = [0] * 12, [], 0, None
    for pins in question["rolls"]:
        for mark in marks:
            totals[mark[0]] += pins
            mark[1] -= 1
        marks = [mark for mark in marks if mark[1]]
        if frame > 9:
            continue
        totals[frame] += pins
        if first is None and pins == 10:
            marks.append([frame, 2])
            frame += 1
        elif first is None:
            first = pins
        else:
            if first + pins == 10:
                marks.append([frame, 1])
            frame, first = frame + 1, None
    return list(itertools.accumulate(totals[:10]))


TASKS = (
    Task(
        id="game.seats_by_averages",
        title="Seats by the highest averages (D'Hondt)",
        knob="parties and seats",
        draw=_votes,
        solve=_highest_averages,
        second=_highest_averages_by_quota,
        answer=Integers(),
        size=lambda q: q["seats"] + 5 * len(q["votes"]),
        en=(
            "Parties have {votes} votes. {seats} seats go one after another to the party with the "
            "greatest votes / (seats so far + 1). How many seats does each get, in order?",
            "Distribute {seats} seats by D'Hondt's method over the votes {votes}.",
            "D'Hondt {seats} seats: {votes}",
        ),
        zh=(
            "各党得票 {votes}。{seats} 个席位逐一给 得票 /（已得席位 + 1）最大的党。依次各得多少席"
            "？",
            "按洪德法把 {seats} 个席位分给得票 {votes} 的各党。",
            "洪德法 {seats} 席：{votes}",
        ),
    ),
    Task(
        id="game.seats_by_remainders",
        title="Seats by the largest remainders (Hamilton)",
        knob="parties and seats",
        draw=_votes,
        solve=_largest_remainders,
        second=_largest_remainders_by_integers,
        answer=Integers(),
        size=lambda q: q["seats"] + 5 * len(q["votes"]),
        en=(
            "Each party first receives the whole part of its exact share of {seats} seats; what is "
            "left goes to the largest fractional parts, one seat each. Votes: {votes}. How many "
            "seats does every party have?",
            "Hamilton's method (largest remainders): {seats} seats, votes {votes}. Give the seats.",
            "Largest remainders, {seats} seats: {votes}",
        ),
        zh=(
            "各党先得到 {seats} 席中精确份额的整数部分，余下的依小数部分从大到小各给一席。得票："
            "{votes}。"
            "各党多少席？",
            "最大余数法：{seats} 席，得票 {votes}。写出席位。",
            "最大余数法，{seats} 席：{votes}",
        ),
    ),
    Task(
        id="game.instant_runoff",
        title="Order of elimination in an instant run-off",
        knob="ballots",
        draw=_ballots,
        solve=_runoff,
        second=_runoff_by_piles,
        answer=Word("ABCDEFGH", "Write the letters as one word.", "把字母连写成一个词。"),
        show=_show_ballots,
        size=lambda q: len(q["ballots"]) * 3 + len(q["names"]) * 5 + sum(q["sizes"]) // 40,
        en=(
            "Ballots rank candidates:\n{ballots}\nIn each round the candidate whom the fewest "
            "ballots name first among those left is out. In which order do {names} leave, the "
            "winner last?",
            "Hold an instant run-off (eliminate the fewest first preferences, transfer) on\n"
            "{ballots}\nand write the candidates from first eliminated to winner.",
            "{ballots}\nelimination order:",
        ),
        zh=(
            "选票对候选人排序：\n{ballots}\n每轮淘汰在剩余者中被最少选票排首位的人。{names} 的出局"
            "顺序是什么"
            "（胜者最后）？",
            "对下列选票做排序复选（淘汰首选最少者并转移），从最先淘汰到胜者写出：\n{ballots}",
            "{ballots}\n淘汰顺序：",
        ),
    ),
    Task(
        id="game.borda_points",
        title="Points of candidates by the Borda count",
        knob="ballots",
        draw=_ballots,
        solve=_borda,
        second=_borda_by_duels,
        answer=Integers(),
        show=_show_ballots,
        size=lambda q: len(q["ballots"]) * 3 + len(q["names"]) * 5 + sum(q["sizes"]) // 40,
        en=(
            "By the Borda count a ballot gives its last candidate 0 points, the next to last 1, "
            "and so on. How many points do {names} get, in this order?\n{ballots}",
            "Compute the Borda scores (0 for the last place) of {names}:\n{ballots}",
            "Borda {names}:\n{ballots}",
        ),
        zh=(
            "博达计数：每张选票给末位 0 分，倒数第二 1 分，以此类推。{names} 依次得多少分？"
            "\n{ballots}",
            "计算 {names} 的博达得分（末位 0 分）：\n{ballots}",
            "博达 {names}：\n{ballots}",
        ),
    ),
    Task(
        id="game.pure_equilibria",
        title="Pure equilibria of a two-player game",
        knob="strategies",
        draw=_bimatrix,
        solve=_equilibria,
        second=_equilibria_by_deviation,
        answer=Words(ordered=False, example="9-9"),
        ways=9,
        show=_show_bimatrix,
        en=(
            "Cells hold (payoff of the row player, payoff of the column player):\n{table}\nIn "
            "which cells can neither player gain by changing alone? Write row-column, from 1.",
            "Find all pure Nash equilibria (row-column) of\n{table}",
            "{table}\npure equilibria:",
        ),
        zh=(
            "格中为（行玩家收益，列玩家收益）：\n{table}\n哪些格中任何一方单独改变都不能获益？写成"
            " 行-列，从 1 起。",
            "求所有纯策略纳什均衡（行-列）：\n{table}",
            "{table}\n纯均衡：",
        ),
    ),
    Task(
        id="game.matrix_value",
        title="Value of a zero-sum game with two rows",
        knob="columns",
        draw=_two_rows,
        solve=_value,
        second=_value_by_columns,
        answer=Rational(),
        show=lambda q: {"rows": show_numbers(q["rows"])},
        en=(
            "The row player receives the entry chosen; both may mix their strategies. What is the "
            "exact value of this zero-sum game?\n{rows}",
            "Give the value (in mixed strategies) of the matrix game, entries paid to the row "
            "player:\n{rows}",
            "{rows}\nvalue:",
        ),
        zh=(
            "行玩家得到所选的数，双方都可用混合策略。这个零和博弈的精确值是多少？\n{rows}",
            "求矩阵博弈的值（混合策略，数为付给行玩家的）：\n{rows}",
            "{rows}\n值：",
        ),
    ),
    Task(
        id="game.slot_auction",
        title="Payments in an auction of slots",
        knob="bidders",
        draw=_bids,
        solve=_harm,
        second=_harm_by_steps,
        answer=Integers(),
        size=lambda q: 4 * len(q["bids"]) + len(q["clicks"]),
        en=(
            "Slots with {clicks} clicks go, best first, to the highest bids per click: {bids}. "
            "Every bidder pays in total what the others lose by its presence (Vickrey-Clarke-"
            "Groves). What does each bidder pay, in the order of the bids?",
            "VCG payments for slots of {clicks} clicks and bids {bids} per click: list the total "
            "payment of each bidder.",
            "VCG, clicks {clicks}, bids {bids}:",
        ),
        zh=(
            "点击数为 {clicks} 的广告位按优劣给每次点击出价最高者，出价 {bids}。每人总共支付其参与"
            "给他人造成的"
            "损失（VCG）。按出价顺序写出各人支付多少。",
            "广告位点击 {clicks}，每次点击出价 {bids}：列出各竞价者的 VCG 总支付。",
            "VCG，点击 {clicks}，出价 {bids}：",
        ),
    ),
    Task(
        id="game.poker_ranking",
        title="Poker hands from best to worst",
        knob="hands",
        draw=_hands,
        solve=_ranking,
        second=_ranking_by_tests,
        answer=Integers(),
        ways=6,
        show=lambda q: {"hands": "\n".join(f"{n}: {h}" for n, h in enumerate(q["hands"], 1))},
        en=(
            "Order these poker hands from best to worst by the usual ranking (T is ten; the ace is "
            "high, or low in A 2 3 4 5); give their numbers:\n{hands}",
            "Rank the five-card hands, strongest first:\n{hands}",
            "{hands}\nbest to worst:",
        ),
        zh=(
            "按通常的大小把这些扑克牌型从大到小排序（T 为十；A 最大，在 A 2 3 4 5 中最小），写出编"
            "号：\n{hands}",
            "把五张牌的手牌从强到弱排列：\n{hands}",
            "{hands}\n从大到小：",
        ),
    ),
    Task(
        id="game.bowling",
        title="Running score of a game of bowling",
        knob="strikes and spares",
        draw=_rolls,
        solve=_bowling,
        second=_bowling_by_weights,
        answer=Integers(),
        size=lambda q: sum(q["rolls"]),
        en=(
            "Ten-pin bowling, pins per ball: {rolls}. Give the total after each of the ten frames "
            "(a strike counts the next two balls too, a spare the next one).",
            "Score the game {rolls} frame by frame and list the ten running totals.",
            "Bowling {rolls}; totals:",
        ),
        zh=(
            "保龄球每球击倒：{rolls}。写出十格每格之后的累计分（全中另加后两球，补中另加后一球）。",
            "逐格给这局 {rolls} 计分，列出十个累计分。",
            "保龄球 {rolls}；累计：",
        ),
    ),
)
