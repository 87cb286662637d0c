#!/bin/sh
# The namespace of Ductus. Histories of work that is over are kept for 30 days; the ledger in PostgreSQL keeps more.
set -eu

attempt=0
until temporal operator cluster health >/dev/null 2>&1; do
  attempt=$((attempt + 1))
  if [ "$attempt" -ge 60 ]; then
    echo 'Temporal does not serve' >&2
    exit 1
  fi
  sleep 2
done
temporal operator namespace describe --namespace ductus >/dev/null 2>&1 ||
  temporal operator namespace create --namespace ductus --retention 30d
