#!/usr/bin/env bash
# Makes .venv-mmdet: MMDetection 3.3 on mmcv 2.1 with compiled operators and this repository's
# detection members. The first run compiles mmcv; uv keeps the wheel and later runs take seconds.
# Pass another path to build the environment elsewhere.
set -euo pipefail
cd "$(dirname "$0")/.."

command -v uv >/dev/null || python3 -m pip install --quiet uv
export UV_PROJECT_ENVIRONMENT=${1:-$PWD/.venv-mmdet}
uv sync --project packages/pcc-distill/environments/mmdet --python "${PYTHON:-3.11}"
