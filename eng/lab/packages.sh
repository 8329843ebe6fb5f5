#!/usr/bin/env bash
# Makes the lab's package mirror in the folder $1:
#   debian/                          what Debian has, from its mirror
#   core:/stable:/vX.Y/deb/          as pkgs.k8s.io: kubeadm, kubelet and kubectl, STAND-INS, see stand-ins/README.md
#   linux/debian/                    as download.docker.com: containerd.io, which is Debian's containerd (STAND-IN)
#   helm-*.tar.gz                    as get.helm.sh: helm, a STAND-IN
# The packages are signed by a key of the lab's own, as the real ones are by their makers'.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/settings.sh"
mirror=$1
minors=(1.29 1.30 1.31 1.35 1.36)
mkdir -p "$mirror/debian" "$mirror/gnupg"
chmod 700 "$mirror/gnupg"
cp -l "$lab_root.debs"/*.deb "$mirror/debian/"
index() { (cd "$1" && dpkg-scanpackages --multiversion . 2>/dev/null | tee Packages | gzip -1 >Packages.gz); }
index "$mirror/debian"

openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=packages.lab -keyout "$mirror/server.key" \
    -out "$mirror/server.csr" 2>/dev/null
openssl x509 -req -in "$mirror/server.csr" -CA "$lab_authority/ca.crt" -CAkey "$lab_authority/ca.key" -days 3650 \
    -extfile <(printf 'subjectAltName=%s\n' "$(printf 'DNS:%s,' "${lab_servers[@]}" | sed 's/,$//')") \
    -out "$mirror/server.crt" 2>/dev/null

export GNUPGHOME=$mirror/gnupg
gpg --batch --quiet --passphrase '' --quick-generate-key 'Spillway lab packages' ed25519 sign never

# sign FOLDER FILE...: the release files of a source
sign() {
    local folder=$1 file
    shift
    {
        printf 'Origin: Spillway lab\nSuite: ./\nCodename: bookworm\nComponents: stable\nArchitectures: amd64\n'
        printf 'Date: %s\nSHA256:\n' "$(date -Ru)"
        for file in "$@"; do
            printf ' %s %s %s\n' "$(sha256sum <"$folder/$file" | cut -d' ' -f1)" "$(stat -c %s "$folder/$file")" "$file"
        done
    } >"$folder/Release"
    gpg --batch --quiet --yes --clearsign -o "$folder/InRelease" "$folder/Release"
}

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
    sign "$folder" Packages Packages.gz
    gpg --batch --quiet --armor --export >"$folder/Release.key"
done

# Its version is what a step for containerd 2 looks for; the program is Debian's, which reads an older configuration.
docker=$mirror/linux/debian
tree=$(mktemp -d)
mkdir -p "$tree/DEBIAN" "$docker/dists/bookworm/stable/binary-amd64" "$docker/pool"
install -D -m 755 "$lab_code/stand-ins/containerd-configuration" "$tree/usr/libexec/spillway-lab/containerd-configuration"
install -D -m 644 "$lab_code/stand-ins/containerd.conf" "$tree/usr/lib/systemd/system/containerd.service.d/lab.conf"
printf 'Package: containerd.io\nVersion: 2.2.0-1~debian.12~bookworm\nArchitecture: amd64\nMaintainer: Spillway lab
Depends: containerd, containernetworking-plugins\nDescription: STAND-IN: Debian containerd with the newer configuration\n' \
    >"$tree/DEBIAN/control"
dpkg-deb --root-owner-group -Zgzip -z1 --build "$tree" "$docker/pool/containerd.io_amd64.deb" >/dev/null
rm -rf "$tree"
(cd "$docker" && dpkg-scanpackages --multiversion pool 2>/dev/null >dists/bookworm/stable/binary-amd64/Packages)
sign "$docker/dists/bookworm" stable/binary-amd64/Packages
gpg --batch --quiet --armor --export >"$docker/gpg"

for version in v3.19.0; do
    tree=$(mktemp -d)
    install -D -m 755 "$lab_code/stand-ins/helm" "$tree/linux-amd64/helm"
    sed -i "s/@VERSION@/$version/" "$tree/linux-amd64/helm"
    tar -C "$tree" -czf "$mirror/helm-$version-linux-amd64.tar.gz" linux-amd64
    (cd "$mirror" && sha256sum "helm-$version-linux-amd64.tar.gz" >"helm-$version-linux-amd64.tar.gz.sha256sum")
    rm -rf "$tree"
done
