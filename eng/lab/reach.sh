#!/usr/bin/env bash
# Joins standard input and output to ADDRESS PORT, from where it can be reached. Runs within the lab's namespaces.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/settings.sh"
exec nsenter --net="/run/netns/$(lab_router "$1")" chroot "$lab_root" socat - "TCP:$1:$2,nodelay"
