#!/usr/bin/env bash
# Lists what server, operator and console are made of, as CycloneDX documents in target/sbom, and looks whether they are what
# they should be.
#
#   tests/release/sbom.sh VERSION      of cargo-cyclonedx, which is installed where it is missing
#
# Exit codes: 0 written · 1 failed · 3 Node is missing
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly version=$1
readonly out=target/sbom
# The architecture makes no difference to what is in the programs; the system does.
readonly target=x86_64-unknown-linux-gnu

say() { printf 'sbom: %s\n' "$*" >&2; }

if ! command -v npm >/dev/null; then
  say "npm is missing; Node 20.19 or newer brings it"
  exit 3
fi
command -v cargo-cyclonedx >/dev/null || cargo install --quiet --locked "cargo-cyclonedx@$version"

# Of a name that nothing else has, since each lies beside the manifest that it is about.
readonly name=.sbom
scratch=$(mktemp -d)
readonly scratch
clean_up() {
  rm -rf "$scratch"
  find . -name "$name.json" -not -path './target/*' -not -path '*/node_modules/*' -delete
}
trap clean_up EXIT

# rust PACKAGE DIRECTORY: what the package in the directory is built from. The document also has what only other packages of
# the workspace ask for; and where all that lies on this machine is nobody's business.
rust() {
  # shellcheck disable=SC2016 # these are JavaScript's
  cargo tree --quiet --locked --package "$1" --target "$target" --edges normal,build --prefix none --format '{p}' \
    | node --input-type=module --eval '
      import { readFileSync, writeFileSync } from "node:fs";
      const [from, to, root] = process.argv.slice(1);
      const built = new Set(readFileSync(0, "utf8").split("\n").map((line) => line.split(" ").slice(0, 2).join(" ")));
      const bom = JSON.parse(readFileSync(from, "utf8").replaceAll(`path+file://${root}/`, "path+file:///"));
      bom.components = bom.components.filter(({ name, version }) => built.has(`${name} v${version}`));
      const refs = new Set([bom.metadata.component, ...bom.components].map((component) => component["bom-ref"]));
      bom.dependencies = bom.dependencies
        .filter(({ ref }) => refs.has(ref))
        .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn?.filter((other) => refs.has(other)) }));
      writeFileSync(to, `${JSON.stringify(bom, null, 2)}\n`);
    ' "$2/$name.json" "$out/$1.cdx.json" "$PWD"
}

rm -rf "$out"
mkdir -p "$out"
cargo cyclonedx --quiet --format json --spec-version 1.5 --target "$target" --override-filename "$name"
rust ssm-server api-server
rust ssm-operator operator
# The console has no version but that of the server which it is a part of; a list needs one.
readonly console=$scratch/ssm-console
mkdir "$console"
cp web/package.json web/package-lock.json "$console"
product=$(sed -n '/^\[workspace\.package\]/,/^\[/s/^version = "\(.*\)"/\1/p' Cargo.toml)
(cd "$console" && npm version --no-git-tag-version "$product" >/dev/null)
(cd "$console" && npm sbom --sbom-format cyclonedx --omit dev --package-lock-only) >"$out/ssm-console.cdx.json"

# look PRODUCT NAME…: the document is one of the product in its version, names these components, and nothing of this machine.
look() {
  local file=$out/$1.cdx.json
  # shellcheck disable=SC2016 # these are JavaScript's
  node --input-type=module --eval '
    import { readFileSync } from "node:fs";
    const [file, version, product, ...names] = process.argv.slice(1);
    const bom = JSON.parse(readFileSync(file, "utf8"));
    if (bom.bomFormat !== "CycloneDX") throw new Error(`${file} is no CycloneDX document`);
    const about = bom.metadata.component;
    if (about.name !== product || about.version !== version) throw new Error(`${file} is about ${about.name} ${about.version}`);
    const found = new Set(bom.components.map(({ group, name }) => (group ? `${group}/${name}` : name)));
    const missing = names.filter((name) => !found.has(name));
    if (missing.length > 0) throw new Error(`${file} does not name ${missing.join(", ")}`);
    console.error(`sbom: ${file} names ${found.size} components`);
  ' "$file" "$product" "$@"
  if grep -qF -e "$PWD" -e "$HOME/" -e "$scratch" "$file"; then
    say "$file has a path of this machine in it"
    exit 1
  fi
}
look ssm-server ssm-domain ssm-engine axum rusqlite mongodb rustls ring chacha20poly1305
look ssm-operator ssm-client kube k8s-openapi minijinja rustls ring
look ssm-console react @mantine/core @tanstack/react-query
