#!/bin/sh
# Written by `triptych hub systemd`. Copy it to /etc/cron.daily/triptych-hub. Keeps the last 14 backups of
# the course folder (sources, submissions, scores), the exchange, the passwords and the hub's database.
set -eu
umask 077
to={{ site.folder }}/backup
work=$(mktemp -d)
now=$(date +%Y-%m-%dT%H%M%S)
trap 'rm -rf "$work"' EXIT
mkdir -p "$to"
# SQLite copies databases correctly while they are written to
for book in {{ settings.course_root }}/gradebook.db {{ site.private }}/jupyterhub.sqlite; do
    [ ! -f "$book" ] || {{ settings.environment }}/bin/python -c \
        'import sqlite3, sys; sqlite3.connect(sys.argv[1]).backup(sqlite3.connect(sys.argv[2]))' "$book" "$work/${book##*/}"
done
tar --create --gzip --file "$to/$now.tar.gz" --exclude=gradebook.db --exclude='gradebook.db-*' --exclude='jupyterhub.sqlite*' \
    --exclude=hub.log --warning=no-file-changed \
    --transform='s,^\.\(/\|$\),course\1,S' --directory={{ settings.course_root }} . \
    --directory={{ site.folder }} hub exchange || [ $? -eq 1 ]
(cd "$work" && tar --create --gzip --file "$to/$now.databases.tar.gz" .)
ls -1t "$to"/*.databases.tar.gz | tail -n +15 | while read -r old; do rm -- "$old" "${old%.databases.tar.gz}.tar.gz"; done
