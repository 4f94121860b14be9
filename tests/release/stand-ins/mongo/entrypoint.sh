#!/usr/bin/env bash
# Does what the entrypoint of MongoDB's image does, with SecantusDB: on the first start it makes the user that the variables name,
# and from then on nobody else is let in. Flags of mongod mean nothing to it.
set -euo pipefail

readonly data=/data/db

serve() { exec /opt/secantus/bin/secantusd-py --port 27017 --storage-path "$data/secantus" --cache-size 256M --standalone --sync-on-commit "$@"; }

if [ ! -e "$data/has-its-user" ]; then
  # Others cannot reach it before it has its user.
  (serve --host 127.0.0.1) &
  server=$!
  MONGO_INITDB_ROOT_PASSWORD=$(cat "$MONGO_INITDB_ROOT_PASSWORD_FILE") /opt/secantus/bin/python /opt/secantus/client.py make-user
  kill "$server"
  wait "$server" || true
  touch "$data/has-its-user"
fi
serve --host 0.0.0.0 --auth
