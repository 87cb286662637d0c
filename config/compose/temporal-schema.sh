#!/bin/sh
# Temporal's databases on the PostgreSQL of docker-compose.yml. Safe to repeat: what is there stays.
set -eu

SQL_PASSWORD="$(cat /run/secrets/postgres-password)"
export SQL_PASSWORD

for pair in temporal:temporal temporal_visibility:visibility; do
  database="${pair%%:*}"
  schema="/etc/temporal/schema/postgresql/v12/${pair##*:}/versioned"
  tool="temporal-sql-tool --plugin postgres12 --ep postgres -p 5432 -u ductus --db $database"
  $tool create
  $tool setup-schema -v 0.0
  $tool update-schema -d "$schema"
done
