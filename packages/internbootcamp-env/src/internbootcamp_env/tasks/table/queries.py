"""Questions about small tables.

Source: definitions only. Knob: the number of rows. Names and cities are plain codes, so that
nothing can be known beforehand.
"""

from internbootcamp_env.answers import Integer, Words
from internbootcamp_env.draws import Draws
from internbootcamp_env.task import Task

_CITIES = ("Oslo", "Lima", "Rome", "Cairo", "Quito", "Delhi", "Tunis", "Perth")


def _rows(draws: Draws, level: int) -> list[list]:
    count = 4 + 2 * level
    codes = draws.sample(range(10, 100), count)
    cities = draws.sample(_CITIES, 3 + level // 3)
    return [
        [f"P{code}", draws.pick(cities), draws.between(1, 99), draws.between(1, 9)]
        for code in codes
    ]


def _written(question: dict) -> dict:
    rows = ["item,city,price,stock"]
    rows += [",".join(map(str, row)) for row in question["rows"]]
    return question | {"rows": "\n".join(rows)}


def _of_city(draws: Draws, level: int) -> dict:
    rows = _rows(draws, level)
    return {"rows": rows, "city": draws.pick(rows)[1]}


def _city_value(question: dict) -> int:
    return sum(p * n for _, city, p, n in question["rows"] if city == question["city"])


def _city_value_by_units(question: dict) -> int:
    """List every single unit with its price."""
    return sum(
        price
        for _, city, price, stock in question["rows"]
        for _unit in range(stock)
        if city == question["city"]
    )


def _bounded(draws: Draws, level: int) -> dict:
    """A price bound such that the number of rows above it was drawn flat."""
    rows = _rows(draws, level)
    prices = sorted((row[2] for row in rows), reverse=True)
    return {"rows": rows, "bound": draws.pick(prices) - 1}


def _above(question: dict) -> list[str]:
    return sorted(row[0] for row in question["rows"] if row[2] > question["bound"])


def _above_by_order(question: dict) -> list[str]:
    result = []
    for row in sorted(question["rows"], key=lambda row: -row[2]):
        if row[2] <= question["bound"]:
            break
        result.append(row[0])
    return sorted(result)


def _ranked(draws: Draws, level: int) -> dict:
    return {"rows": _rows(draws, level)}


def _ranking(question: dict) -> list[str]:
    return [row[0] for row in sorted(question["rows"], key=lambda r: (-r[3], r[2], r[0]))]


def _ranking_by_picking(question: dict) -> list[str]:
    left, result = list(question["rows"]), []
    while left:
        best = left[0]
        for row in left[1:]:
            better = row[3] > best[3]
            tied = row[3] == best[3]
            if better or (tied and (row[2], row[0]) < (best[2], best[0])):
                best = row
        left.remove(best)
        result.append(best[0])
    return result


def _joined(draws: Draws, level: int) -> dict:
    rows = _rows(draws, level)
    orders = [[draws.pick(rows)[0], draws.between(1, 9)] for _ in range(3 + level)]
    return {"rows": rows, "orders": orders}


def _bill(question: dict) -> int:
    price = {row[0]: row[2] for row in question["rows"]}
    return sum(price[item] * count for item, count in question["orders"])


def _bill_by_nesting(question: dict) -> int:
    return sum(
        row[2] * count
        for item, count in question["orders"]
        for row in question["rows"]
        if row[0] == item
    )


def _written_join(question: dict) -> dict:
    orders = "\n".join(["item,count", *(f"{item},{n}" for item, n in question["orders"])])
    return _written(question) | {"orders": orders}


TASKS = (
    Task(
        id="table.group_value",
        title="Value of the stock of one city",
        knob="rows",
        draw=_of_city,
        solve=_city_value,
        second=_city_value_by_units,
        answer=Integer(),
        show=_written,
        en=(
            "What is the total of price times stock over all rows of {city}?\n{rows}",
            "Add up the value (price * stock) of everything stored in {city}:\n{rows}",
            "Value in {city}:\n{rows}",
        ),
        zh=(
            "{city} 所有行的价格乘库存之和是多少？\n{rows}",
            "求存放在 {city} 的全部货物价值（price * stock）：\n{rows}",
            "{city} 的总值：\n{rows}",
        ),
    ),
    Task(
        id="table.filter",
        title="Rows above a price",
        knob="rows",
        verifier="S",
        draw=_bounded,
        solve=_above,
        second=_above_by_order,
        answer=Words(ordered=False, example="P00"),
        show=_written,
        ways=lambda level: 2 * (4 + 2 * level),
        en=(
            "Which items have a price above {bound}? List them in any order.\n{rows}",
            "Select item where price > {bound}:\n{rows}",
            "Price > {bound}:\n{rows}",
        ),
        zh=(
            "哪些 item 的价格高于 {bound}？顺序不限。\n{rows}",
            "选出 price > {bound} 的 item：\n{rows}",
            "price > {bound}：\n{rows}",
        ),
    ),
    Task(
        id="table.ranking",
        title="Order rows by several keys",
        knob="rows",
        draw=_ranked,
        solve=_ranking,
        second=_ranking_by_picking,
        answer=Words(example="P00"),
        show=_written,
        en=(
            "Order the items by stock from high to low; equal stock by price from low to high; "
            "then by name:\n{rows}",
            "Sort by stock descending, price ascending, item ascending, and list the items:\n"
            "{rows}",
            "Order by stock desc, price, item:\n{rows}",
        ),
        zh=(
            "按库存从高到低排列 item；库存相同按价格从低到高，再按名称：\n{rows}",
            "按 stock 降序、price 升序、item 升序排序并列出 item：\n{rows}",
            "按 stock 降序、price、item 排序：\n{rows}",
        ),
    ),
    Task(
        id="table.join_total",
        title="Bill from a price list and orders",
        knob="rows",
        draw=_joined,
        solve=_bill,
        second=_bill_by_nesting,
        answer=Integer(),
        show=_written_join,
        en=(
            "With the price list\n{rows}\nwhat do these orders cost together?\n{orders}",
            "Price list:\n{rows}\nOrders:\n{orders}\nFind the total of count times price.",
            "{rows}\n\n{orders}\n\nTotal:",
        ),
        zh=(
            "价目表为\n{rows}\n下列订单共需多少钱？\n{orders}",
            "价目表：\n{rows}\n订单：\n{orders}\n求数量乘价格的总和。",
            "{rows}\n\n{orders}\n\n合计：",
        ),
    ),
)
