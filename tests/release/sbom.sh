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
drop_unmoved() { find . -name "$name.json" -not -path './target/*' -not -path '*/node_modules/*' -delete; }
trap drop_unmoved EXIT

# rust PACKAGE DIRECTORY: what the package in the directory is built from. Where that lies on this machine is nobody's business.
rust() {
  sed "s|path+file://$PWD/|path+file:///|g" "$2/$name.json" >"$out/$1.cdx.json"
}

rm -rf "$out"
mkdir -p "$out"
cargo cyclonedx --quiet --format json --spec-version 1.5 --target "$target" --override-filename "$name"
rust ssm-server api-server
rust ssm-operator operator
npm --prefix web sbom --sbom-format cyclonedx --omit dev --package-lock-only >"$out/ssm-console.cdx.json"

# look FILE NAME…: the document is one, names these components, and nothing of this machine.
look() {
  local file=$out/$1.cdx.json
  shift
  # shellcheck disable=SC2016 # these are JavaScript's
  node --input-type=module --eval '
    import { readFileSync } from "node:fs";
    const [file, ...names] = process.argv.slice(1);
    const bom = JSON.parse(readFileSync(file, "utf8"));
    if (bom.bomFormat !== "CycloneDX") throw new Error(`${file} is no CycloneDX document`);
    const found = new Set(bom.components.map(({ group, name }) => (group ? `${group}/${name}` : name)));
    const missing = names.filter((name) => !found.has(name));
    if (missing.length > 0) throw new Error(`${file} does not name ${missing.join(", ")}`);
    console.error(`sbom: ${file} names ${found.size} components`);
  ' "$file" "$@"
  if grep -qF -e "$PWD" -e "$HOME/" "$file"; then
    say "$file has a path of this machine in it"
    exit 1
  fi
}
look ssm-server ssm-domain ssm-engine axum rusqlite mongodb rustls ring chacha20poly1305
look ssm-operator ssm-client kube k8s-openapi minijinja rustls ring
look ssm-console react @mantine/core @tanstack/react-query
