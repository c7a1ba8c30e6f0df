#!/usr/bin/env bash
# Assembles the committed PTX as a driver would and shows what every kernel takes: kernels/ptx/assemble.sh PTXAS
#
# PTXAS is the assembler of CUDA 13.0; without a toolkit, `pip download --no-deps nvidia-cuda-nvcc==13.0.88` and unzip the wheel, which
# holds nvidia/cu13/bin/ptxas. Fails if a kernel keeps anything in local memory.
set -euo pipefail
cd "$(dirname "$0")"
for ptx in sm_*.ptx; do
    target=${ptx%.ptx}
    "${1:?name ptxas}" -arch="$target" -v "$ptx" -o /dev/null 2>&1 | awk -v target="$target" '
        /Compiling entry function/ { split($0, part, "\x27"); name = part[2] }
        /spill stores/ { spilt += $1 + $5 + $9 }
        /Used [0-9]+ registers/ { match($0, /Used [0-9]+/); printf "%s %-24s %3d registers\n", target, name, substr($0, RSTART + 5, RLENGTH - 5); kernels++ }
        END {
            printf "%s: %d kernels, %d bytes of local memory\n", target, kernels, spilt
            exit spilt > 0 || kernels == 0
        }'
done
