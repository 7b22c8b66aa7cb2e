#!/usr/bin/env bash
# Makes the files of secrets that docker-compose.yml names, each once: what is there stays.
#
#   deploy/compose/secrets.sh [DIRECTORY]       deploy/compose/secrets by default
set -euo pipefail

directory=${1:-$(dirname "${BASH_SOURCE[0]}")/secrets}

# Nobody else on this machine gets at the files: the directory is closed. The files themselves are
# readable, since the accounts inside of the containers are others than yours.
mkdir -p "$directory"
chmod 700 "$directory"

# random LENGTH: so many characters of 0-9 a-f, which need no quoting in a URL.
random() { od -An -N"$(($1 / 2))" -tx1 /dev/urandom | tr -d ' \n'; }

# secret NAME VALUE: into its file, whole or not at all.
secret() {
    local file=$directory/$1
    [ -s "$file" ] && return
    printf '%s' "$2" >"$file.new"
    chmod 444 "$file.new"
    mv "$file.new" "$file"
    echo "secrets: made $file"
}

secret postgres_password "$(random 48)"
secret postgres_url "postgres://orders:$(cat "$directory/postgres_password")@postgres:5432/orders"
secret kurrentdb_url "kurrentdb://kurrentdb:2113?tls=false"
secret cursor_key "$(random 64)"
secret master_key "$(random 64)"
secret payment_webhook_secret "whsec_$(head -c 32 /dev/urandom | base64 -w 0)"
secret carrier_webhook_secret "whsec_$(head -c 32 /dev/urandom | base64 -w 0)"
secret grafana_password "$(random 24)"
