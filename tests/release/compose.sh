#!/usr/bin/env bash
# Runs what docs/docker.md describes, command by command, on the images that there are: `compose.sh mongodb`, or
# `compose.sh embedded`. A secret that is written at the beginning has to be there at the end: after restarts, an
# upgrade, a restore into empty volumes, a new password, and a move to MongoDB.
#
# It works in a directory of its own, and leaves no container, volume or network. The engine is that of DOCKER_HOST.
#
# Exit codes: 0 all of it is so · 1 something is not · 2 wrong arguments
set -euo pipefail
# shellcheck source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

readonly profile=${1:-}
case $profile in
  mongodb) service=server ;;
  embedded) service=embedded ;;
  *)
    say "compose.sh mongodb|embedded"
    exit 2
    ;;
esac
readonly profile
readonly image="simple-secrets-manager"
release=$(version)
readonly release next=0.0.0-next
readonly sources=$PWD
readonly project="$RELEASE_DIR/project-$profile"

free_port() { node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })'; }

PORT=$(free_port)
export PORT COMPOSE_PROJECT_NAME="ssm-release-$profile" COMPOSE_PROGRESS=quiet
readonly api="http://127.0.0.1:$PORT/api"

# documented HEADING [WITH]: the commands of docs/docker.md under a heading, or after the line `WITH:` in there.
documented() {
  local commands
  commands=$(awk -v heading="## $1" -v with="${2:+$2:}" '
    /^## / { here = ($0 == heading); begun = (with == "") }
    here && with != "" && $0 == with { begun = 1 }
    here && begun && /^```sh$/ { printing = 1; next }
    printing && /^```$/ { exit }
    printing' "$sources/docs/docker.md")
  [ -n "$commands" ] || fail "docs/docker.md has no commands under $1, ${2:-at its beginning}"
  printf '%s\n' "$commands"
}

# follow HEADING [WITH]: runs them, as somebody would who reads them.
follow() {
  local commands
  say "$profile: $1"
  commands=$(documented "$@")
  (cd "$project" && service=$service version=$next bash -euo pipefail -c "$commands")
}

compose() { (cd "$project" && docker compose "$@"); }

at_the_end() { compose --profile '*' down --volumes --remove-orphans --timeout 20 >/dev/null 2>&1 || true; }

expect() { [ "$2" = "$3" ] || fail "$1: '$2', not '$3'"; }

# field NAME: the text of a field of the JSON on standard input.
field() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }

# call METHOD PATH [CURL…]: with the token, which is not among the arguments. Its body is on standard output.
call() {
  local method=$1 path=$2
  shift 2
  curl --silent --show-error --fail --request "$method" --header @<(printf 'authorization: Bearer %s\n' "$token") \
    --header 'content-type: application/json' "$@" "$api$path"
}

# status CURL…: how a request is answered.
status() { curl --silent --output /dev/null --write-out '%{http_code}' "$@"; }

value=$(head --bytes=24 /dev/urandom | base64)
password="a long password $RANDOM$RANDOM"
token=
readonly value

sign_up() {
  local setup=$1 body
  body=$(printf '{"username":"admin","password":"%s"}' "$password")
  expect 'a sign-up without the token of the log' \
    "$(status --header 'content-type: application/json' --data "$body" "$api/onboarding/bootstrap")" 403
  token=$(curl --silent --show-error --fail --header 'content-type: application/json' \
    --header @<(printf 'X-Setup-Token: %s\n' "$setup") --data @- "$api/onboarding/bootstrap" <<<"$body" | field token)
}

sign_in() {
  token=$(curl --silent --show-error --fail --config <(printf 'user = "admin:%s"\n' "$password") "$api/auth/tokens/" | field token)
}

write_secret() {
  call POST /projects --data '{"slug":"shop"}' >/dev/null
  call POST /projects/shop/configs --data '{"slug":"prod"}' >/dev/null
  printf '{"value":"%s"}' "$value" | call PUT /projects/shop/configs/prod/secrets/KEPT --data @- >/dev/null
}

# value_is_there WHEN
value_is_there() {
  [ "$(call GET /projects/shop/configs/prod/secrets/KEPT | field value)" = "$value" ] || fail "$1, the secret is not what was written"
}

# running: the services that run, in one line.
running() { compose ps --services --status running | sort | paste --serial --delimiters ' '; }

container_of() { compose ps --all --quiet "$1"; }

# confined SERVICE USER: it runs as this user, and can do nothing beyond what it is for.
confined() {
  local container
  container=$(container_of "$1")
  expect "$1: user, read-only, capabilities, privileges, memory" \
    "$(docker inspect --format '{{.Config.User}} {{.HostConfig.ReadonlyRootfs}} {{.HostConfig.CapDrop}} {{.HostConfig.SecurityOpt}} {{gt .HostConfig.Memory 0}}' "$container")" \
    "$2 true [ALL] [no-new-privileges:true] true"
  expect "$1: its log" "$(docker inspect --format '{{.HostConfig.LogConfig.Type}} {{index .HostConfig.LogConfig.Config "max-size"}} {{index .HostConfig.LogConfig.Config "max-file"}}' "$container")" \
    'local 10m 3'
}

nothing_is_told() {
  local told
  told=$(compose logs --no-color && docker ps --all --quiet | xargs docker inspect)
  if grep --quiet --fixed-strings "$value" <<<"$told"; then fail 'a value is in a log or in what an engine tells'; fi
  if grep --quiet --fixed-strings --file <(cat "$project"/keys-backup/*) <<<"$told"; then fail 'a key is in a log or in what an engine tells'; fi
}

# uses_image IMAGE
uses_image() {
  expect 'the image that runs' "$(docker inspect --format '{{.Image}}' "$(container_of "$service")")" \
    "$(docker image inspect --format '{{.Id}}' "$1")"
}

no_volumes() { expect 'volumes that are left' "$(docker volume ls --quiet --filter "label=com.docker.compose.project=$COMPOSE_PROJECT_NAME")" ''; }

rm -rf "$project"
mkdir -p "$project"
cp docker-compose.yml .env "$project/"
trap at_the_end EXIT

case $profile in
  mongodb) with='With MongoDB' services='mongo server' ;;
  embedded)
    with='With the embedded database' services=embedded
    follow 'The embedded database'
    ;;
esac
readonly with services

setup=$(follow 'Start' | sed -n 's/.*X-Setup-Token: *\([^ ]*\).*/\1/p' | sort --unique)
[ -n "$setup" ] || fail 'the log has no token for the first sign-up'
expect 'what runs' "$(running)" "$services"
expect 'where it is reached' "$(compose port "$service" 8080)" "127.0.0.1:$PORT"
confined "$service" 65532:65532
if [ "$profile" = mongodb ]; then confined mongo mongodb; fi
uses_image "$image:$release"
expect 'what --profile picks' "$(compose --profile embedded config --services)" embedded
expect 'the console' "$(curl --silent --fail "http://127.0.0.1:$PORT/" | grep --count '<script')" 1

sign_up "$setup"
write_secret
value_is_there 'after it was written'
follow 'Commands' >/dev/null
compose restart "$service" 2>/dev/null
compose up --detach --wait 2>/dev/null
value_is_there 'after a restart'

follow 'Back up the keys' "$with"
follow 'Back up'
expect 'who may read the backup' "$(stat --format %a "$project/backup.jsonl")" 600
if grep --quiet --fixed-strings "$value" "$project/backup.jsonl"; then fail 'the value is in the backup in clear'; fi
nothing_is_told

printf 'FROM %s\nLABEL next=true\n' "$image:$release" | DOCKER_BUILDKIT=1 docker build --quiet --tag "$image:$next" - >/dev/null
follow 'Upgrade'
uses_image "$image:$next"
value_is_there 'after an upgrade'

compose down --volumes 2>/dev/null
no_volumes
follow 'Restore' "$with"
expect 'the token of before the restore' "$(status --header @<(printf 'authorization: Bearer %s\n' "$token") "$api/me")" 401
sign_in
value_is_there 'after a restore into empty volumes'

password="another password $RANDOM$RANDOM"
follow 'A lost password' <<<"$password"
sign_in
value_is_there 'after a new password'

if [ "$profile" = embedded ]; then
  follow 'From the embedded database to MongoDB'
  service=server
  expect 'what runs' "$(running)" 'mongo server'
  value_is_there 'after a move to MongoDB, with the same token'
fi
fact "Compose, $profile: the secret outlived it all, $SECONDS s"
