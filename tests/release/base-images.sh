#!/usr/bin/env bash
# Sees to it that the engine has the images that the Dockerfile and docker-compose.yml begin with. Where no registry can be
# reached, each gets a stand-in of the same name, made from Debian's packages and from the Rust and Node of this machine. What this machine trusts, and where it
# gets its packages, goes along, so that a build finds what the machine finds.
#
# MongoDB cannot be had from a package registry: SecantusDB, which speaks its protocol, stands in for it.
#
# Exit codes: 0 they are there · 1 one cannot be made · 3 a program is missing
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

readonly SUITE=bookworm
readonly here=tests/release/stand-ins
readonly made="$RELEASE_DIR/bases"
readonly ca=/etc/ssl/certs/ca-certificates.crt

# from_dockerfile NAME: the image that the Dockerfile takes for NAME.
from_dockerfile() { sed -n "s/^ARG $1=//p" Dockerfile; }

is_there() { docker image inspect "$1" >/dev/null 2>&1; }

registry=reached
# ensure IMAGE COMMAND…: has the image, pulled, or made by the command.
ensure() {
  local image=$1
  shift
  if is_there "$image"; then return; fi
  if [ $registry = reached ] && timeout 300 docker pull --quiet "$image" >/dev/null 2>&1; then
    fact "$image: from its registry"
    return
  fi
  registry=away
  "$@" "$image"
  fact "$image: a stand-in"
}

# build IMAGE DIR: makes a stand-in from the Dockerfile in DIR.
build() { DOCKER_BUILDKIT=1 logged "base-${1//[^a-z0-9]/-}.log" docker build --network=host --tag "$1" "$2"; }

# Where this machine gets Debian's packages.
mirror() {
  # shellcheck disable=SC2016 # It is apt-get that puts the address in.
  apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' "Codename: $SUITE" 'Label: Debian' | sed -n 1p
}

make_debian() {
  local root="$made/debian"
  rm -rf "$root"
  logged debootstrap.log debootstrap --variant=minbase --include=ca-certificates "$SUITE" "$root" "$(mirror)"
  rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/usr/share/{doc,man,locale}/*
  cp "$ca" "$root/etc/ssl/certs/"
  tar --directory "$root" --create . | docker import --change 'CMD ["bash"]' - "$1" >/dev/null
  rm -rf "$root"
}

make_rust() {
  local dir="$made/rust" toolchain
  mkdir -p "$dir"
  toolchain=$(rustc --print sysroot)
  tar --directory "$toolchain" --exclude=./share --create --file "$dir/toolchain.tar" .
  cat >"$dir/Dockerfile" <<END
FROM debian:$SUITE-slim
RUN apt-get update && apt-get install --yes --no-install-recommends gcc libc6-dev make pkg-config
ADD toolchain.tar /usr/local/rust/
ENV PATH=/usr/local/cargo/bin:/usr/local/rust/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    CARGO_HOME=/usr/local/cargo CARGO_HTTP_CAINFO=$ca
END
  build "$1" "$dir"
  rm -rf "$dir"
}

make_node() {
  local dir="$made/node" program modules
  mkdir -p "$dir/lib"
  program=$(command -v node)
  modules=$(npm root --global)
  cp "$(readlink -f "$program")" "$dir/node"
  cp -a "$modules/npm" "$dir/lib/npm"
  cat >"$dir/Dockerfile" <<END
FROM debian:$SUITE-slim
COPY node /usr/local/bin/node
COPY lib /usr/local/lib/node_modules
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
ENV NODE_EXTRA_CA_CERTS=$ca NPM_CONFIG_CAFILE=$ca
END
  build "$1" "$dir"
  rm -rf "$dir"
}

# The libraries that a program of Rust needs, certificates, and the users root, nobody and nonroot.
make_distroless() {
  local dir="$made/distroless" package
  mkdir -p "$dir/packages" "$dir/root"/{etc/ssl/certs,tmp,home/nonroot}
  chmod 1777 "$dir/root/tmp"
  for package in libc6 libgcc-s1 libstdc++6 libssl3 zlib1g tzdata netbase; do
    (cd "$dir/packages" && apt-get download -o APT::Sandbox::User=root --quiet=2 "$package/$SUITE" >&2)
  done
  for package in "$dir"/packages/*.deb; do dpkg-deb --extract "$package" "$dir/root"; done
  rm -rf "$dir/root"/usr/share/{doc,man,lintian}
  cp "$ca" "$dir/root/etc/ssl/certs/"
  chown 65532:65532 "$dir/root/home/nonroot"
  printf '%s\n' root:x:0:0:root:/root:/sbin/nologin nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin \
    nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin >"$dir/root/etc/passwd"
  printf '%s\n' root:x:0: nobody:x:65534: nonroot:x:65532: >"$dir/root/etc/group"
  tar --directory "$dir/root" --create . | docker import --change 'USER 65532' --change 'WORKDIR /home/nonroot' \
    --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt' \
    - "$1" >/dev/null
  rm -rf "$dir"
}

make_mongo() {
  local dir="$made/mongo"
  mkdir -p "$dir"
  cp "$here"/mongo/* tests/tools/foreign/requirements.txt "$dir/"
  cat >"$dir/Dockerfile" <<END
FROM debian:$SUITE-slim
RUN apt-get update && apt-get install --yes --no-install-recommends python3 python3-venv
COPY requirements.txt /
RUN python3 -m venv /opt/secantus \
 && PIP_CERT=$ca /opt/secantus/bin/pip install --quiet --disable-pip-version-check --require-hashes -r /requirements.txt
RUN groupadd --gid 999 mongodb && useradd --uid 999 --gid mongodb mongodb \
 && install -d -o mongodb -g mongodb /data/db /data/configdb
COPY mongo entrypoint.sh /usr/local/bin/
COPY client.py /opt/secantus/
ENV HOME=/data/db
VOLUME /data/db /data/configdb
EXPOSE 27017
ENTRYPOINT ["entrypoint.sh"]
END
  build "$1" "$dir"
  rm -rf "$dir"
}

for program in debootstrap rustc node npm apt-get; do
  if ! command -v "$program" >/dev/null; then
    say "$program is missing"
    exit 3
  fi
done
mkdir -p "$made"
ensure "$(from_dockerfile RUNTIME_IMAGE)" make_distroless
if [ $registry = away ]; then ensure "debian:$SUITE-slim" make_debian; fi
ensure "$(from_dockerfile RUST_IMAGE)" make_rust
ensure "$(from_dockerfile NODE_IMAGE)" make_node
ensure "$(sed -n 's/^ *image: \(mongo:.*\)$/\1/p' docker-compose.yml | sort --unique)" make_mongo
