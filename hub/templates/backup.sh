#!/bin/sh
# Written by `triptych hub systemd`. Once a day as /etc/cron.daily/triptych-hub; keeps the last 14 copies.
# What cannot be made again: the course folder (sources, submissions, marks), the exchange, passwords, the hub's database.
set -eu
umask 077
to={{ site.folder }}/backup
work=$(mktemp -d)
now=$(date +%Y-%m-%dT%H%M%S)
trap 'rm -rf "$work"' EXIT
mkdir -p "$to"
# databases that are being written to are copied by SQLite itself
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
