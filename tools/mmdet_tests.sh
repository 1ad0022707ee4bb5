#!/usr/bin/env bash
# The detection members' tests that need the real MMDetection, in .venv-mmdet (made if missing).
set -euo pipefail
cd "$(dirname "$0")/.."

tools/mmdet_environment.sh
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-1} GOMP_SPINCOUNT=0
.venv-mmdet/bin/python -m pytest -n "${PYTEST_WORKERS:-2}" \
  packages/pcc-distill/tests/integrations apps/detection-kd/tests/test_mmdet_path.py "$@"
