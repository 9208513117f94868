#!/bin/sh
# npm run test:paddle [VERSION...]: the launcher's tests with real Paddle (CPU build), each version in a virtual environment of its own.
# They are kept in $VRAM_PLAN_PADDLE, by default ~/.cache/vram-plan-paddle. PYTHON is the Python they are made with.
set -eu
cd "$(dirname "$0")/../.."
folder=${VRAM_PLAN_PADDLE:-$HOME/.cache/vram-plan-paddle}
[ $# -gt 0 ] || set -- 2.6.2
for version in "$@"; do
  place=$folder/$version
  if [ ! -e "$place/complete" ]; then
    if ! "${PYTHON:-python3}" -m venv "$place" ||
      ! "$place/bin/python" -m pip install -q "paddlepaddle==$version" 'numpy<2' 'setuptools<80' 'pandas<3' 'opencv-python-headless<4.12' \
        pyyaml scipy scikit-image scikit-learn visualdl filelock tqdm prettytable; then
      echo "test:paddle: skipped: no Python, or no Paddle $version from PyPI" >&2
      continue
    fi
    touch "$place/complete"
  fi
  echo "== Paddle $version"
  PADDLE_PYTHON=$place/bin/python npx vitest run test/launcher
done
