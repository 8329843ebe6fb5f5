#!/usr/bin/env bash
# Makes the lab's package mirror in the folder $1:
#   debian/                          what Debian has, from its mirror
#   core:/stable:/vX.Y/deb/          kubeadm, kubelet and kubectl: STAND-INS, see stand-ins/README.md
# The second is signed by a key of the lab's own, as the real one is by its makers'.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/settings.sh"
mirror=$1
minors=(1.29 1.30 1.31 1.35 1.36)
mkdir -p "$mirror/debian" "$mirror/gnupg"
chmod 700 "$mirror/gnupg"
cp -l "$lab_root.debs"/*.deb "$mirror/debian/"
index() { (cd "$1" && dpkg-scanpackages --multiversion . 2>/dev/null | tee Packages | gzip -1 >Packages.gz); }
index "$mirror/debian"

export GNUPGHOME=$mirror/gnupg
gpg --batch --quiet --passphrase '' --quick-generate-key 'Spillway lab packages' ed25519 sign never

# stand_in MINOR NAME DEPENDS: a package with the stand-in's program, made of the folder stand-ins/NAME
stand_in() {
    local version=$1.2-1.1 name=$2 tree
    tree=$(mktemp -d)
    mkdir -p "$tree/DEBIAN" "$tree/usr/bin"
    install -m 755 "$lab_code/stand-ins/$name" "$tree/usr/bin/$name"
    sed -i "s/@VERSION@/v$1.2/" "$tree/usr/bin/$name"
    if [ "$name" = kubelet ]; then
        install -D -m 644 "$lab_code/stand-ins/kubelet.service" "$tree/usr/lib/systemd/system/kubelet.service"
        install -D -m 644 "$lab_code/stand-ins/10-kubeadm.conf" \
            "$tree/usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf"
        install -D -m 755 "$lab_code/stand-ins/kube-apiserver" "$tree/usr/libexec/spillway-lab/kube-apiserver"
        install -D -m 644 "$lab_code/stand-ins/kubernetes_schemas.py" \
            "$tree/usr/libexec/spillway-lab/kubernetes_schemas.py"
        mkdir -p "$tree/etc/kubernetes/manifests"
    fi
    printf 'Package: %s\nVersion: %s\nArchitecture: amd64\nMaintainer: Spillway lab\n%sDescription: STAND-IN for %s\n' \
        "$name" "$version" "${3:+Depends: $3
}" "$name" >"$tree/DEBIAN/control"
    dpkg-deb --root-owner-group -Zgzip -z1 --build "$tree" "$4/${name}_${version}_amd64.deb" >/dev/null
    rm -rf "$tree"
}

for minor in "${minors[@]}"; do
    folder=$mirror/core:/stable:/v$minor/deb
    mkdir -p "$folder"
    stand_in "$minor" kubelet "iptables, iproute2, mount, util-linux, python3-yaml" "$folder"
    stand_in "$minor" kubectl "python3" "$folder"
    stand_in "$minor" kubeadm "kubelet (>= 1.19.0), kubectl (>= 1.19.0), python3-yaml, openssl" "$folder"
    index "$folder"
    {
        printf 'Origin: Spillway lab\nSuite: ./\nDate: %s\nSHA256:\n' "$(date -Ru)"
        for file in Packages Packages.gz; do
            printf ' %s %s %s\n' "$(sha256sum <"$folder/$file" | cut -d' ' -f1)" "$(stat -c %s "$folder/$file")" "$file"
        done
    } >"$folder/Release"
    gpg --batch --quiet --yes --clearsign -o "$folder/InRelease" "$folder/Release"
    gpg --batch --quiet --yes --armor --detach-sign -o "$folder/Release.gpg" "$folder/Release"
    gpg --batch --quiet --armor --export >"$folder/Release.key"
done
