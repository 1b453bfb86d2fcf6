#!/bin/sh
# Starts PostgreSQL; at the first start it makes the user and database that POSTGRES_USER, POSTGRES_PASSWORD and POSTGRES_DB name.
set -eu
done_file=$PGDATA/sagapact.done

if [ ! -s "$PGDATA/PG_VERSION" ]; then # another PGDATA than that of the image, and empty
    initdb --encoding=UTF8 --locale=C.UTF-8 --username=postgres --auth-local=trust --auth-host=trust >/dev/null
    cp /var/lib/postgresql/sagapact/pg_hba.conf /var/lib/postgresql/sagapact/postgresql.conf "$PGDATA/"
fi
if [ ! -e "$done_file" ]; then
    user=${POSTGRES_USER:-postgres}
    database=${POSTGRES_DB:-$user}
    [ -n "${POSTGRES_PASSWORD:-}" ] || { echo "POSTGRES_PASSWORD is not set. Set it to the password of $user." >&2; exit 2; }
    quoted() { printf '%s' "$1" | tr -d '\n' | sed "s/$2/$2$2/g"; }
    name=$(quoted "$user" '"')
    {
        [ "$user" = postgres ] || echo "CREATE ROLE \"$name\" SUPERUSER LOGIN;"
        echo "ALTER ROLE \"$name\" PASSWORD '$(quoted "$POSTGRES_PASSWORD" "'")';"
        [ "$database" = postgres ] || echo "CREATE DATABASE \"$(quoted "$database" '"')\" OWNER \"$name\";"
    } | postgres --single -D "$PGDATA" postgres >/dev/null
    : > "$done_file"
fi
exec "$@"
