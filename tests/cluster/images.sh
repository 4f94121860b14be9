#!/usr/bin/env bash
# Writes the images that the tests on a cluster need: the server's and the operator's, out of the programs that were just built
# and like those that are released (no shell, the same user), and one with a shell for pods that use a Secret.
#
#   images.sh PROGRAMS OUT      PROGRAMS is target/debug, say; OUT a directory, which is emptied
#
# Exit codes: 0 written · else what failed
set -euo pipefail
# Whoever is in a container has to read what is in its image.
umask 022

readonly programs=$1 out=$2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly here
version=$(sed -n 's/^version = "\(.*\)"/\1/p' "$here/../../Cargo.toml" | head -n 1)
readonly version
# As the chart names it.
mongo_tag=$(sed -n '/repository: mongo$/,/tag:/s/^ *tag: //p' "$here/../../charts/simple-secrets-manager/values.yaml")
readonly mongo_tag
readonly path='"PATH=/usr/local/bin:/usr/bin:/bin"'
allocator=$(grep -o 'MALLOC_[A-Z_]*=[0-9]*' "$here/../../Dockerfile" | sed 's/.*/,"&"/' | tr -d '\n')
readonly allocator

rm -rf "$out"
mkdir -p "$out"
work=$(mktemp -d)
readonly work
trap 'rm -rf "$work"' EXIT

# libraries ROOT FILE…: copies what the files are linked with, to where they look for it.
libraries() {
  local root=$1
  shift
  ldd "$@" | grep -o '/[^ ]* (' | tr -d ' (' | sort -u | while read -r library; do
    install -D "$library" "$root$library"
  done
}

# base ROOT: what is in every image.
base() {
  mkdir -p "$1"/{etc/ssl/certs,usr/local/bin,bin}
  mkdir -m 1777 "$1/tmp"
  cp /etc/ssl/certs/ca-certificates.crt "$1/etc/ssl/certs/"
  printf 'root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n' >"$1/etc/passwd"
  printf 'root:x:0:\nnonroot:x:65532:\n' >"$1/etc/group"
  printf 'hosts: files dns\n' >"$1/etc/nsswitch.conf"
}

# product PROGRAM NAME ENV: an image with one of our programs, without what only a debugger needs.
product() {
  local root=$work/$1
  base "$root"
  strip -o "$root/usr/local/bin/$1" "$programs/$1"
  libraries "$root" "$programs/$1"
  "$here/image.sh" "$out/$2.tar" "ghcr.io/simple-secrets-manager/$2:$version" "$root" \
    "{\"User\":\"65532:65532\",\"Env\":[$path$allocator$3],\"Entrypoint\":[\"/usr/local/bin/$1\"]}"
}

# A shell and what a pod of the tests does with it. Asked for nothing, it waits: so it is what holds a pod's namespaces, too.
shell() {
  local root=$work/shell program
  base "$root"
  for program in sh sleep cat env sha256sum; do
    install -D "$(command -v "$program")" "$root/bin/$program"
    libraries "$root" "$(command -v "$program")"
  done
  "$here/image.sh" "$out/shell.tar" simple-secrets-manager.test/shell:1 "$root" \
    "{\"User\":\"65532:65532\",\"Env\":[$path],\"Entrypoint\":[\"/bin/sleep\",\"infinity\"]}"
}

# A database under the name that the chart asks for: SecantusDB with the Python that it was installed with, since no build of
# MongoDB itself can be had from a package registry.
mongo() {
  local root=$work/mongo venv home library name
  base "$root"
  venv=$("$here/../tools/foreign/install.sh" | tail -n 1)/venv
  library=$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')
  home=$root/opt/python/lib/$(basename "$library")
  mkdir -p "$home/site-packages" "$root/data/db"
  tar --create --directory "$library" --exclude=./site-packages --exclude=./dist-packages --exclude=./test --exclude='./config-*' . |
    tar --extract --directory "$home"
  for name in bson certifi dateutil dns gridfs numpy numpy.libs pymongo s2sphere secantus secantusdb.libs shapely shapely.libs \
    future past libfuturize wiredtiger; do
    cp -r "$venv/lib/$(basename "$library")/site-packages/$name" "$home/site-packages/"
  done
  install -D "$(readlink -f "$venv/bin/python")" "$root/usr/local/bin/python3"
  libraries "$root" "$(readlink -f "$venv/bin/python")"
  # Those that come with a package are beside it; what remains is the system's.
  find "$home" -name '*.so*' -exec ldd {} + 2>/dev/null | grep -o '/[^ ]* (' | tr -d ' (' | sort -u | grep -v "^$root" |
    while read -r name; do install -D "$name" "$root$name"; done
  install "$here/mongod.py" "$root/usr/local/bin/mongod.py"
  for name in mongo mongosh; do
    printf '#!/usr/local/bin/python3\n%s\n' "$(cat "$here/mongod.py")" >"$root/usr/local/bin/$name"
    chmod 755 "$root/usr/local/bin/$name"
  done
  "$here/image.sh" "$out/mongo.tar" "mongo:$mongo_tag" "$root" \
    "{\"Env\":[$path,\"PYTHONHOME=/opt/python\",\"PYTHONDONTWRITEBYTECODE=1\"],\"Entrypoint\":[\"/usr/local/bin/python3\",\"/usr/local/bin/mongod.py\"]}"
}

product ssm-server simple-secrets-manager ',"BIND_HOST=0.0.0.0","PORT=8080","DATA_DIR=/data"'
product ssm-operator simple-secrets-manager-operator ''
shell
mongo
(cd "$out" && du -h -- *.tar) | sed 's/^/image: /' >&2
