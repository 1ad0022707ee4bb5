"""Modern physics: relativity, spectra, qubits, spins, nuclei, particle reactions.

Source: CODATA 2018 (Rydberg constant 10973731.568 1/m); Particle Data Group quantum numbers; the
semi-empirical mass formula with the coefficients in the prompt. Knob: the number of parts.
"""

import math
from fractions import Fraction
from itertools import pairwise, product

from internbootcamp_env.answers import Integers, Rational, Words
from internbootcamp_env.draws import Draws
from internbootcamp_env.engines.elements import SYMBOLS
from internbootcamp_env.engines.quantities import measured
from internbootcamp_env.task import Task

_RYDBERG = 10_973_731.568


def _boosts(draws: Draws, level: int) -> dict:
    betas = []
    for _ in range(1 + level):
        bottom = draws.between(3, 12)
        betas.append(f"{draws.between(1, bottom - 1) * draws.pick((1, 1, -1))}/{bottom}")
    return {"betas": [str(Fraction(b)) for b in betas]}


def _added(q: dict) -> str:
    total = Fraction(0)
    for text in q["betas"]:
        beta = Fraction(text)
        total = (total + beta) / (1 + total * beta)
    return str(total)


def _added_by_doppler(q: dict) -> str:
    """Multiply the squared Doppler factors (1 + b) / (1 - b)."""
    factor = Fraction(1)
    for text in q["betas"]:
        factor *= (1 + Fraction(text)) / (1 - Fraction(text))
    return str((factor - 1) / (factor + 1))


def _decays(draws: Draws, level: int) -> dict:
    """Photons and masses by integer four-momenta (E, p) along one line."""
    particles = []
    for _ in range(2 + level):
        x, y = draws.between(2, 9), draws.between(1, 8)
        x, y = max(x, y) + (x == y), min(x, y)
        scale = draws.between(1, 3)
        p = scale * draws.pick((2 * x * y, x * x - y * y)) * draws.pick((1, -1))
        particles.append([scale * (x * x + y * y), p])
    return {"particles": particles}


def _mass_squared(q: dict) -> str:
    energy = sum(e for e, _ in q["particles"])
    momentum = sum(p for _, p in q["particles"])
    return str(energy**2 - momentum**2)


def _mass_squared_by_pairs(q: dict) -> str:
    total, particles = 0, q["particles"]
    for i, (e, p) in enumerate(particles):
        total += e * e - p * p
        total += sum(2 * (e * f - p * r) for f, r in particles[i + 1 :])
    return str(total)


def _lines(draws: Draws, level: int) -> dict:
    steps = [draws.between(1, 9)]
    for _ in range(1 + (level + 1) // 2):
        steps.append(steps[-1] + draws.between(1, 9))
    return {"nuclear": draws.between(1, 40), "levels": steps[::-1]}


def _longest_wave(q: dict) -> float:
    """Longest wavelength, in nm, of a cascade through the levels of a hydrogen-like ion."""
    least = min(1 / low**2 - 1 / high**2 for high, low in pairwise(q["levels"]))
    return 1e9 / (_RYDBERG * q["nuclear"] ** 2 * least)


def _longest_wave_by_energies(q: dict) -> float:
    terms = [-_RYDBERG * (q["nuclear"] / n) ** 2 for n in q["levels"]]
    return max(1e9 / (a - b) for a, b in pairwise(terms))


_GATES = ("H", "X", "Z", "S", "CX")


def _circuit(draws: Draws, level: int) -> dict:
    qubits = 3 + level // 5
    gates = [f"H{k}" for k in draws.sample(range(qubits), 2)]
    for _ in range(4 + 2 * level):
        name = draws.pick(_GATES)
        target = draws.sample(range(qubits), 2 if name == "CX" else 1)
        gates.append(name + ",".join(map(str, target)))
    return {"qubits": qubits, "gates": gates}


def _amplitudes(q: dict) -> dict[int, complex]:
    """Amplitudes up to a real factor; Gaussian integers, exact in floats."""
    state = {0: 1 + 0j}
    for gate in q["gates"]:
        name = gate.rstrip("0123456789,")
        targets = [int(t) for t in gate[len(name) :].split(",")]
        bit = 1 << targets[0]
        after: dict[int, complex] = {}
        for basis, value in state.items():
            on = bool(basis & bit)
            if name == "H":
                after[basis & ~bit] = after.get(basis & ~bit, 0) + value
                after[basis | bit] = after.get(basis | bit, 0) + (-value if on else value)
            elif name == "X":
                after[basis ^ bit] = value
            elif name == "CX":
                after[basis ^ (1 << targets[1]) if on else basis] = value
            else:
                after[basis] = value * ((-1 if name == "Z" else 1j) if on else 1)
        state = {basis: value for basis, value in after.items() if value}
    return state


_PHASES = {(1, 0): "+", (0, 1): "+i", (-1, 0): "-", (0, -1): "-i"}


def _kets(state: dict[str, tuple[int, int]]) -> list[str]:
    """Write a stabiliser state up to a global factor: the first ket gets the phase +."""
    names = sorted(state)
    a, b = state[names[0]]
    words = []
    for name in names:
        c, d = state[name]
        turned = (a * c + b * d, a * d - b * c)
        unit = math.gcd(*turned)
        words.append(_PHASES[turned[0] // unit, turned[1] // unit] + name)
    return sorted(words)


def _final_state(q: dict) -> list[str]:
    state = _amplitudes(q)
    names = {_ket(basis, q["qubits"]): value for basis, value in state.items()}
    return _kets({name: (int(v.real), int(v.imag)) for name, v in names.items()})


def _ket(basis: int, qubits: int) -> str:
    return "".join(str(basis >> k & 1) for k in range(qubits))


def _final_state_by_vectors(q: dict) -> list[str]:
    """The same by dense state vectors with real arithmetic on pairs."""
    size = 1 << q["qubits"]
    state = [(0, 0)] * size
    state[0] = (1, 0)
    for gate in q["gates"]:
        name = gate.rstrip("0123456789,")
        first, *rest = (int(t) for t in gate[len(name) :].split(","))
        new = [(0, 0)] * size
        for index in range(size):
            on = index >> first & 1
            other = index ^ (1 << first)
            if name == "H":
                (a, b), (c, d) = state[other & index], state[other | index]
                new[index] = (a - c, b - d) if on else (a + c, b + d)
            elif name == "X":
                new[index] = state[other]
            elif name == "CX":
                new[index] = state[index ^ (on << rest[0])]
            else:
                a, b = state[index]
                new[index] = ((-a, -b) if name == "Z" else (-b, a)) if on else (a, b)
        state = new
    return _kets({_ket(i, q["qubits"]): v for i, v in enumerate(state) if v != (0, 0)})


def _show_circuit(q: dict) -> dict:
    return {"qubits": q["qubits"], "gates": " ".join(q["gates"])}


def _spins(draws: Draws, level: int) -> dict:
    count = 4 + (level + 1) // 2
    bonds = [[draws.below(k), k] for k in range(1, count)]
    for pair in draws.sample([[i, j] for j in range(count) for i in range(j)], 2 + level // 2):
        if pair not in bonds:
            bonds.append(pair)
    return {
        "spins": count,
        "bonds": [[*b, draws.between(1, 9) * draws.pick((1, -1))] for b in bonds],
    }


def _ground(q: dict) -> list[int]:
    """Ground energy of E = -sum J s s', and the number of states that have it."""
    energies = [0] * (1 << q["spins"])
    for i, j, strength in q["bonds"]:
        for state in range(len(energies)):
            energies[state] -= strength if (state >> i & 1) == (state >> j & 1) else -strength
    return [min(energies), energies.count(min(energies))]


def _ground_by_transfer(q: dict) -> list[int]:
    """Sum out spin after spin, keeping (lowest energy, number of ways) per boundary."""
    table = {(): (0, 1)}
    for spin in range(q["spins"]):
        bonds = [(i, s) for i, j, s in q["bonds"] if j == spin]
        fresh: dict[tuple[int, ...], tuple[int, int]] = {}
        for known, (energy, ways) in table.items():
            for value in (1, -1):
                fresh[(*known, value)] = (
                    energy - sum(s * known[i] * value for i, s in bonds),
                    ways,
                )
        table = fresh
    low = min(energy for energy, _ in table.values())
    return [low, sum(ways for energy, ways in table.values() if energy == low)]


_COEFFICIENTS = (15.8, 18.3, 0.714, 23.2, 12.0)


def _nuclei(draws: Draws, level: int) -> dict:
    nuclides = []
    for _ in range(level):
        z = draws.between(8, 92)
        nuclides.append([z, z + draws.between(int(0.9 * z) - 2, int(1.55 * z))])
    return {"nuclides": nuclides}


def _binding(q: dict) -> float:
    """Total binding energy in MeV of all nuclides."""
    volume, surface, coulomb, asymmetry, pairing = _COEFFICIENTS
    total = 0.0
    for z, a in q["nuclides"]:
        n = a - z
        even = (z % 2 == 0) + (n % 2 == 0)
        total += volume * a - surface * a ** (2 / 3) - coulomb * z * (z - 1) / a ** (1 / 3)
        total += -asymmetry * (n - z) ** 2 / a + (even - 1) * pairing / math.sqrt(a)
    return total


def _binding_per_term(q: dict) -> float:
    sizes = [float(a) for _, a in q["nuclides"]]
    total = 15.8 * math.fsum(sizes) - 18.3 * math.fsum(
        a ** (1 / 3) ** 1 * a ** (1 / 3) for a in sizes
    )
    for z, a in q["nuclides"]:
        total -= 0.714 * (z * z - z) / a ** (1 / 3) + 23.2 * (a - 2 * z) ** 2 / a
        if a % 2 == 0:
            total += 12.0 / a**0.5 * (1 if z % 2 == 0 else -1)
    return total


def _show_nuclides(q: dict) -> dict:
    return {"nuclides": ", ".join(f"{SYMBOLS[z - 1]}-{a} (Z={z})" for z, a in q["nuclides"])}


_PARTICLES = {  # charge, baryon number, electron lepton number, muon lepton number, strangeness
    "p": (1, 1, 0, 0, 0), "n": (0, 1, 0, 0, 0), "Lambda": (0, 1, 0, 0, -1),
    "Sigma+": (1, 1, 0, 0, -1), "Sigma-": (-1, 1, 0, 0, -1), "Xi-": (-1, 1, 0, 0, -2),
    "Omega-": (-1, 1, 0, 0, -3), "pbar": (-1, -1, 0, 0, 0), "nbar": (0, -1, 0, 0, 0),
    "pi+": (1, 0, 0, 0, 0), "pi-": (-1, 0, 0, 0, 0), "pi0": (0, 0, 0, 0, 0),
    "K+": (1, 0, 0, 0, 1), "K-": (-1, 0, 0, 0, -1), "K0": (0, 0, 0, 0, 1),
    "e-": (-1, 0, 1, 0, 0), "e+": (1, 0, -1, 0, 0), "nu_e": (0, 0, 1, 0, 0),
    "nubar_e": (0, 0, -1, 0, 0), "mu-": (-1, 0, 0, 1, 0), "mu+": (1, 0, 0, -1, 0),
    "nu_mu": (0, 0, 0, 1, 0), "nubar_mu": (0, 0, 0, -1, 0), "gamma": (0, 0, 0, 0, 0),
}  # fmt: skip
_LAWS = ("charge", "baryon", "electron", "muon", "strangeness")


def _reactions(draws: Draws, level: int) -> dict:
    names = list(_PARTICLES)
    reactions = []
    for _ in range(1 + (level + 1) // 2):
        left = draws.sample(names, 2)
        right = list(left) if draws.chance(1, 2) else draws.sample(names, 2)
        for _ in range(draws.between(1, 2)):
            right[draws.below(len(right))] = draws.pick(names)
        right += draws.sample(names, draws.below(2 + level // 3))
        reactions.append([left, draws.shuffled(right)])
    return {"reactions": reactions}


def _violations(q: dict) -> list[int]:
    """For every reaction, a five-bit number: which laws it breaks, charge first."""
    found = []
    for left, right in q["reactions"]:
        sides = [[sum(_PARTICLES[p][k] for p in side) for k in range(5)] for side in (left, right)]
        found.append(sum((sides[0][k] != sides[1][k]) << k for k in range(5)))
    return found


def _violated_words(q: dict) -> list[str]:
    return [_law_word(code) for code in _violations(q)]


def _law_word(code: int) -> str:
    return "+".join(law for k, law in enumerate(_LAWS) if code >> k & 1) or "allowed"


def _violated_by_balance(q: dict) -> list[str]:
    words = []
    for left, right in q["reactions"]:
        change = [0] * 5
        for sign, side in ((1, right), (-1, left)):
            for particle in side:
                change = [c + sign * x for c, x in zip(change, _PARTICLES[particle], strict=True)]
        broken = [law for law, c in zip(_LAWS, change, strict=True) if c]
        words.append("+".join(broken) if broken else "allowed")
    return words


def _show_reactions(q: dict) -> dict:
    arrows = [f"{' + '.join(left)} -> {' + '.join(right)}" for left, right in q["reactions"]]
    return {"reactions": "; ".join(arrows)}


def _occupation(draws: Draws, level: int) -> dict:
    return {
        "levels": draws.integers(4 + level // 2, 1, 6 + level // 3),
        "particles": draws.between(2, 4 + level // 2),
        "energy": draws.between(2, 5 + 2 * level),
    }


def _microstates(q: dict) -> list[int]:
    """Numbers of states of bosons and of fermions at a total energy; level k has energy k."""
    counts = []
    for boson in (True, False):
        table = {(0, 0): 1}
        for energy, degeneracy in enumerate(q["levels"]):
            fresh: dict[tuple[int, int], int] = {}
            for (placed, total), ways in table.items():
                for m in range(q["particles"] - placed + 1):
                    choices = (
                        math.comb(m + degeneracy - 1, m) if boson else math.comb(degeneracy, m)
                    )
                    key = (placed + m, total + m * energy)
                    if choices and key[1] <= q["energy"]:
                        fresh[key] = fresh.get(key, 0) + ways * choices
            table = fresh
        counts.append(table.get((q["particles"], q["energy"]), 0))
    return counts


def _microstates_by_orbitals(q: dict) -> list[int]:
    """Treat every orbital alone: a generating function in particles and energy."""
    orbitals = [e for e, degeneracy in enumerate(q["levels"]) for _ in range(degeneracy)]
    counts = []
    for most in (q["particles"], 1):
        table = {(0, 0): 1}
        for energy in orbitals:
            fresh: dict[tuple[int, int], int] = {}
            for (placed, total), m in product(table, range(most + 1)):
                key = (placed + m, total + m * energy)
                if key[0] <= q["particles"] and key[1] <= q["energy"]:
                    fresh[key] = fresh.get(key, 0) + table[placed, total]
            table = fresh
        counts.append(table.get((q["particles"], q["energy"]), 0))
    return counts


def _some_states(draws: Draws, level: int) -> dict | None:
    q = _occupation(draws, level)
    return q if _microstates(q)[0] > 2 else None


TASKS = (
    Task(
        id="phys.velocity_addition",
        title="Relativistic addition of collinear velocities",
        knob="boosts",
        draw=_boosts,
        solve=_added,
        second=_added_by_doppler,
        answer=Rational(),
        canon=lambda q: sorted(q["betas"]),
        en=(
            "Frame k moves along x at the velocity b_k relative to frame k-1, in units of c: "
            "{betas}. How fast does the last frame move relative to the first, exactly, in c?",
            "Combine these collinear velocities (as fractions of c) by special relativity: "
            "{betas}. Give the exact result as a fraction of c.",
            "Relativistic sum: {betas}",
        ),
        zh=(
            "第 k 个参考系相对第 k-1 个沿 x 轴以 b_k（单位 c）运动：{betas}。"
            "最后一个相对第一个的速度是多少 c（精确值）？",
            "按狭义相对论合成这些共线速度（以 c 为单位）：{betas}，写出精确分数。",
            "相对论速度合成：{betas}",
        ),
    ),
    Task(
        id="phys.invariant_mass",
        title="Squared invariant mass of a system of particles",
        knob="particles",
        draw=_decays,
        solve=_mass_squared,
        second=_mass_squared_by_pairs,
        answer=Rational(),
        show=lambda q: {"particles": ", ".join(f"({e}, {p})" for e, p in q["particles"])},
        canon=lambda q: sorted(q["particles"]),
        en=(
            "Particles fly along one line with energies and momenta (E, p) in GeV (c = 1): "
            "{particles}. What is the square of the invariant mass of the whole system, in GeV^2?",
            "Compute M^2 = (sum E)^2 - (sum p)^2 in GeV^2 for {particles} (E, p in GeV, one "
            "dimension, c = 1).",
            "Invariant mass squared: {particles}",
        ),
        zh=(
            "粒子沿同一直线运动，能量与动量 (E, p)（GeV，c = 1）：{particles}。"
            "整个系统不变质量的平方是多少 GeV^2？",
            "对 {particles}（E、p 以 GeV 计，一维，c = 1）求 M^2 = (ΣE)^2 - (Σp)^2。",
            "不变质量平方：{particles}",
        ),
    ),
    Task(
        id="phys.hydrogen_cascade",
        title="Longest wavelength of a cascade in a hydrogen-like ion",
        knob="transitions",
        draw=_lines,
        **measured(_longest_wave, "nm", second=_longest_wave_by_energies),
        en=(
            "The electron of a hydrogen-like ion with nuclear charge Z={nuclear} falls through the "
            "levels n = {levels}. Which is the longest wavelength emitted? Use R = 1.0973732e7 "
            "1/m (infinite nuclear mass, no fine structure).",
            "Use the Rydberg formula with R = 1.0973732e7 1/m and Z={nuclear}: find the longest "
            "wavelength among the successive transitions n = {levels}.",
            "Z={nuclear}, cascade {levels}, R=1.0973732e7 1/m: longest wavelength",
        ),
        zh=(
            "核电荷 Z={nuclear} 的类氢离子的电子依次经过能级 n = {levels} 跃迁。"
            "发出的最长波长是多少（R = 1.0973732e7 1/m，核质量视为无穷大）？",
            "用里德伯公式（R = 1.0973732e7 1/m，Z={nuclear}），求相继跃迁 n = {levels} "
            "中最长的波长。",
            "Z={nuclear}，跃迁 {levels}，R=1.0973732e7 1/m：最长波长",
        ),
    ),
    Task(
        id="phys.clifford_state",
        title="State of qubits after a Clifford circuit",
        knob="gates",
        draw=_circuit,
        solve=_final_state,
        second=_final_state_by_vectors,
        answer=Words(ordered=False, example="+2"),
        show=_show_circuit,
        en=(
            "{qubits} qubits (numbered from 0) start in state 0. Apply, left to right: {gates} "
            "(Ha: Hadamard on a; Xa, Za: Pauli; Sa: phase gate diag(1, i); CXa,b: control a, "
            "target "
            "b). List the basis states that occur, qubit 0 first, each with its phase + +i - or -i "
            "before it, relative to the state of lowest binary value, which gets +; as in "
            "+000 -i101.",
            "Find the state after {gates} on {qubits} qubits all initially 0 (H Hadamard, X and Z "
            "Pauli, S = diag(1, i), CXa,b flips b if a is 1). All amplitudes that are not zero "
            "have the same size: write each basis state (qubit 0 leftmost) after its phase, e.g. "
            "+001 -i011, the phase of the first in binary order set to +.",
            "State (phases + +i - -i, first is +, like +00 -i11) of {gates} on {qubits} zero "
            "qubits:",
        ),
        zh=(
            "{qubits} 个量子比特（从 0 编号）初态全 0，从左到右施加：{gates}"
            "（Ha 为 Hadamard，Xa、Za 为泡利门，Sa 为相位门 diag(1, i)，CXa,b 以 a 控制 b）。"
            "列出出现的基态（量子比特 0 在最前），前面写相位 + +i - 或 -i，"
            "二进制值最小者取 +，如 +000 -i101。",
            "求 {gates} 作用于 {qubits} 个初态为 0 的量子比特后的态（S = diag(1, i)，CXa,b："
            "a 为 1 时翻转 b）。非零振幅大小相同：相位写在基态（量子比特 0 在最左）之前，"
            "二进制序第一个取 +，例如 +001 -i011。",
            "{gates} 作用于 {qubits} 个零态后的态（相位 + +i - -i，首个为 +，如 +00 -i11）：",
        ),
    ),
    Task(
        id="phys.ising_ground",
        title="Ground energy and degeneracy of a small Ising model",
        knob="spins",
        draw=_spins,
        solve=_ground,
        second=_ground_by_transfer,
        answer=Integers(),
        show=lambda q: {
            "spins": q["spins"],
            "last": q["spins"] - 1,
            "bonds": ", ".join(f"{i}-{j}:{s:+d}" for i, j, s in q["bonds"]),
        },
        en=(
            "{spins} Ising spins s = +1 or -1, numbered 0 to {last}, have the energy E = -sum J_ij "
            "s_i s_j with the couplings i-j:J {bonds}. Give the ground energy and the number of "
            "spin states that have it.",
            "For the Ising couplings {bonds} (format i-j:J, E = -sum J s_i s_j, {spins} spins "
            "0..{last}), find the lowest energy and its degeneracy.",
            "Ising {spins} spins, {bonds}: ground energy, degeneracy",
        ),
        zh=(
            "{spins} 个伊辛自旋 s = ±1（编号 0 到 {last}），能量 E = -Σ J_ij s_i s_j，"
            "耦合 i-j:J 为 {bonds}。写出基态能量与简并度。",
            "对伊辛耦合 {bonds}（格式 i-j:J，E = -Σ J s_i s_j，自旋 0..{last}，共 {spins} 个），"
            "求最低能量及其状态数。",
            "伊辛 {spins} 自旋，{bonds}：基态能量与简并度",
        ),
    ),
    Task(
        id="phys.nuclear_binding",
        title="Binding energy by the semi-empirical mass formula",
        knob="nuclides",
        draw=_nuclei,
        **measured(_binding, "MeV", second=_binding_per_term),
        show=_show_nuclides,
        canon=lambda q: sorted(q["nuclides"]),
        en=(
            "With B = 15.8 A - 18.3 A^(2/3) - 0.714 Z(Z-1)/A^(1/3) - 23.2 (A-2Z)^2/A + d in MeV, "
            "d = +12/sqrt(A) for even Z and N, -12/sqrt(A) for odd Z and N, else 0, what is the "
            "sum of the binding energies of {nuclides}?",
            "Add up the binding energies of {nuclides} from the semi-empirical mass formula: "
            "volume "
            "15.8, surface 18.3, Coulomb 0.714 with Z(Z-1), asymmetry 23.2 with (A-2Z)^2/A, "
            "pairing 12/sqrt(A) (plus for even-even, minus for odd-odd), all in MeV.",
            "Semi-empirical (15.8, 18.3, 0.714 Z(Z-1), 23.2, 12/sqrt(A)) sum: {nuclides}",
        ),
        zh=(
            "由 B = 15.8 A - 18.3 A^(2/3) - 0.714 Z(Z-1)/A^(1/3) - 23.2 (A-2Z)^2/A + d（MeV），"
            "偶偶核 d = +12/sqrt(A)，奇奇核 d = -12/sqrt(A)，其余为 0，"
            "求 {nuclides} 的结合能之和。",
            "用半经验质量公式求 {nuclides} 的结合能总和：体积 15.8，表面 18.3，库仑 0.714 配 "
            "Z(Z-1)，不对称 23.2 配 (A-2Z)^2/A，对能 12/sqrt(A)（偶偶为正，奇奇为负），单位 MeV。",
            "半经验公式 (15.8, 18.3, 0.714 Z(Z-1), 23.2, 12/sqrt(A)) 求和：{nuclides}",
        ),
    ),
    Task(
        id="phys.particle_laws",
        title="Conservation laws that particle reactions break",
        knob="reactions",
        draw=_reactions,
        solve=_violated_words,
        second=_violated_by_balance,
        answer=Words(example="parity"),
        show=_show_reactions,
        en=(
            "For each reaction say which of charge, baryon, electron (electron lepton number), "
            "muon (muon lepton number) and strangeness are not conserved, joined by + in this "
            "order as in charge+muon, or 'allowed' if all five are (kinematics aside): "
            "{reactions}",
            "Check charge, baryon number, the two lepton numbers (electron, muon) and strangeness "
            "in {reactions}. Write one word a reaction: the broken laws in that order joined "
            "by +, e.g. baryon+strangeness, or allowed.",
            "Broken laws (charge+baryon+electron+muon+strangeness, or allowed): {reactions}",
        ),
        zh=(
            "对每个反应写出 charge（电荷）、baryon（重子数）、electron（电子轻子数）、muon"
            "（μ 子轻子数）、strangeness（奇异数）中不守恒的项，按此顺序用 + 连接，如 charge+muon；"
            "都守恒写 allowed（不考虑运动学）：{reactions}",
            "检查 {reactions} 的电荷、重子数、电子与 μ 子轻子数、奇异数。每个反应写一个词："
            "不守恒的项（charge baryon electron muon strangeness）按序以 + 连接，或 allowed。",
            "不守恒项（charge+baryon+electron+muon+strangeness 或 allowed）：{reactions}",
        ),
    ),
    Task(
        id="phys.quantum_occupation",
        title="Microstates of bosons and fermions at a given energy",
        knob="energy",
        draw=_some_states,
        solve=_microstates,
        second=_microstates_by_orbitals,
        answer=Integers(),
        size=lambda q: q["energy"] + q["particles"] + sum(q["levels"]),
        en=(
            "Levels of energy 0, 1, 2, ... have the degeneracies {levels}. {particles} identical "
            "non-interacting particles have the total energy {energy}. How many microstates are "
            "there for bosons, and how many for spinless fermions?",
            "Count the occupations of orbitals by {particles} particles with total energy "
            "{energy}, where the levels 0, 1, 2, ... hold {levels} orbitals: first for bosons, "
            "then with at most one particle an orbital.",
            "Degeneracies {levels}, N={particles}, E={energy}: bosons, fermions",
        ),
        zh=(
            "能量为 0、1、2…… 的能级简并度依次为 {levels}，{particles} "
            "个无相互作用全同粒子总能量为 "
            "{energy}。玻色子与（无自旋）费米子的微观状态数各是多少？",
            "{particles} 个粒子占据轨道，总能量 {energy}，能级 0、1、2…… 的轨道数为 {levels}。"
            "依次写出玻色子、每轨道至多一个粒子时的状态数。",
            "简并度 {levels}，N={particles}，E={energy}：玻色子，费米子",
        ),
    ),
)
