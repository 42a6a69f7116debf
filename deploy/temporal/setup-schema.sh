#!/bin/sh
# Creates both databases where they are missing, and brings their schemas up to this server's version. May run again.
set -eu
for database in temporal temporal_visibility; do
  case $database in temporal) schema=temporal ;; *) schema=visibility ;; esac
  folder=/etc/temporal/schema/postgresql/v12/$schema/versioned
  tool() { temporal-sql-tool --plugin "$SQL_PLUGIN" --ep "$SQL_HOST" --port "$SQL_PORT" --user "$SQL_USER" --db "$database" "$@"; }
  # Where creating fails for another reason than that it is there, the next step says so.
  tool create || true
  tool setup-schema -v 0.0
  tool update-schema -d "$folder"
done
