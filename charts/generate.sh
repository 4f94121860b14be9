#!/usr/bin/env bash
# Writes what is made of the chart and of the definition in crds/: the chart's own copy of the definition, the table of
# values in its README.md, and manifests/install.yaml for those without Helm.
#
#   charts/generate.sh [DIR]     # below DIR instead of into the project
#
# Exit codes: 0 written · 1 it failed; nothing half written is left under the files' names
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly chart=charts/simple-secrets-manager
readonly into=${1:-.}

# write FILE: what comes on standard input, at FILE below the target, whole or not at all.
write() {
  mkdir -p "$into/$(dirname "$1")"
  cat >"$into/$1.new"
  mv "$into/$1.new" "$into/$1"
}

# values_table: a row for each value in values.yaml, from the comment above it that begins with `# --`. A value without
# one is an error.
values_table() {
  awk '
    function fail(why) { print "generate: " chart "/values.yaml:" NR ": " why > "/dev/stderr"; failed = 1; exit 1 }
    function cell(text) { gsub(/\|/, "\\|", text); return text }
    BEGIN { print "| value | default | what it is |"; print "|---|---|---|" }
    /^[ ]*# -- / { sub(/^[ ]*# -- /, ""); says = $0; next }
    /^[ ]*#/ { if (says != "") { sub(/^[ ]*# */, ""); says = says " " $0 } next }
    /^[ ]*$/ { says = ""; next }
    {
      depth = match($0, /[^ ]/) - 1
      if (depth % 2) fail("is not indented by twos")
      depth /= 2
      name = $0; sub(/^ */, "", name); sub(/:.*/, "", name)
      value = $0; sub(/^[^:]*: */, "", value)
      if ($0 ~ /:$/) value = ""
      path[depth] = name
      if (value == "") { if (says != "") fail("a description belongs to a value, not to a section"); next }
      if (says == "") fail(name " has no description")
      whole = path[0]
      for (i = 1; i <= depth; i++) whole = whole "." path[i]
      print "| `" whole "` | `" cell(value) "` | " cell(says) " |"
      says = ""
    }
    END { if (failed) exit 1 }
  ' chart="$chart" "$chart/values.yaml"
}

# readme TABLE: the README with this table between its marks.
readme() {
  awk -v table="$1" '
    /^<!-- values/ { print; print ""; while ((getline line < table) > 0) print line; print ""; inside = 1; next }
    /^<!-- end of values/ { inside = 0 }
    !inside { print }
  ' "$chart/README.md"
}

# manifests: the chart as it comes, in a namespace of its own, without what only Helm looks at.
manifests() {
  cat <<'YAML'
# The server with its embedded database, the operator for all namespaces, and the namespace that both are in:
#
#   kubectl apply -f manifests/install.yaml
#
# Made of charts/simple-secrets-manager by `make generate`; docs/kubernetes.md tells what comes next.
apiVersion: v1
kind: Namespace
metadata:
  name: simple-secrets-manager
  labels:
    pod-security.kubernetes.io/enforce: restricted
YAML
  "$helm" template simple-secrets-manager "$chart" --namespace simple-secrets-manager --skip-tests |
    sed -e '/^    helm\.sh\/chart:/d' -e '/app\.kubernetes\.io\/managed-by: Helm/d' -e '/^# Source: /d' -e '/^  annotations:$/{N;/helm\.sh/d}'
}

helm=$(tests/tools/helm.sh)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The copy first, since the manifests are made with it.
write "$chart/files/secretsyncs.yaml" <crds/secretsyncs.yaml
values_table >"$work/table"
readme "$work/table" >"$work/readme"
write "$chart/README.md" <"$work/readme"
manifests >"$work/manifests"
write manifests/install.yaml <"$work/manifests"
