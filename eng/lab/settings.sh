# What all parts of the lab agree on. Sourced by ./lab and the scripts beside this one.
lab_code=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)
lab_checkout=$(cd "$lab_code/../.." && pwd)
lab_state=$lab_checkout/artifacts/lab
# Two checkouts may have a lab each.
lab_mark=spillway-lab-$(printf %s "$lab_checkout" | sha256sum | cut -c1-8)
# Within the lab's own mounts /run is its own.
lab_run=/run/lab

# The root is made anew when its recipe changes, the packages when theirs or the root does. Checkouts share both.
lab_cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/spillway/lab
lab_recipe=$(cat "$lab_code"/{root,bare}.sh | sha256sum | cut -c1-12)
lab_root=$lab_cache/root-$lab_recipe
lab_authority=$lab_root.authority
lab_servers=(packages.lab pkgs.k8s.io download.opensuse.org download.docker.com get.helm.sh)
lab_packages=$lab_cache/packages-$lab_recipe-$(cat "$lab_code"/{packages.sh,stand-ins/*} | sha256sum | cut -c1-12)

lab_hosts=(control office-1 office-2 cloud-1)

lab_address() {
    case "$1" in
        control) echo 203.0.113.10 ;;
        cloud-1) echo 203.0.113.20 ;;
        office-1) echo 192.168.50.11 ;;
        office-2) echo 192.168.50.12 ;;
        *) return 1 ;;
    esac
}

# The network namespace in which a host's address lies, and so the router that a fault is put into.
lab_router() {
    case "$1" in
        office-* | 192.168.50.*) echo gateway ;;
        *) echo internet ;;
    esac
}

# The lab's first process, as seen from outside; fails when it does not run.
lab_init() {
    local runner init
    runner=$(cat "$lab_state/pid" 2>/dev/null) || return 1
    tr '\0' ' ' <"/proc/$runner/cmdline" 2>/dev/null | grep -qF "$lab_code/supervise.sh" || return 1
    init=$(cat "/proc/$runner/task/$runner/children" 2>/dev/null)
    [ -n "$init" ] && echo "${init%% *}"
}

fail() {
    echo "lab: $*" >&2
    exit 3
}
