# The recipes of this repository; `just` comes with the dev group: `uv run just check`.

# format, lint, types, import contracts, declared dependencies, configurations: CI's first half
check:
    uv run ruff format --check .
    uv run ruff check .
    uv run basedpyright --level error
    uv run lint-imports
    for member in packages/* apps/*; do (cd "$member" && uv run --no-sync deptry src) || exit 1; done
    uv run pytest tests/architecture/test_configs.py -n 0 -q

# the tests of everything, or of one package: `just test oreal-rl`
test package="":
    uv run pytest {{ if package == "" { "" } else { "packages/" + package } }}

# rewrite what is generated
generate:
    uv run python -m internbootcamp_env.index

# format and mend what can be mended
fix:
    uv run ruff format .
    uv run ruff check --fix .
