#!/bin/sh
# Writes the passwords into users.acl and starts Redis with the arguments given. The passwords come from the environment and
# stand in no command, where every user of the machine could read them.
set -eu
umask 077
rules=${SIGHTLINE_REDIS_RULES:-/run/users.acl}
awk '
  /^#/ { next }
  {
    while (match($0, /\$\{[A-Z_]+\}/)) {
      name = substr($0, RSTART + 2, RLENGTH - 3)
      if (ENVIRON[name] == "") { print name " must be set" > "/dev/stderr"; exit 1 }
      done = done substr($0, 1, RSTART - 1) ENVIRON[name]
      $0 = substr($0, RSTART + RLENGTH)
    }
    print done $0
    done = ""
  }
' "${0%/*}/users.acl" > "$rules"
if [ "$(id -u)" = 0 ] && id redis > /dev/null 2>&1; then chown redis "$rules"; fi
exec "$@" --aclfile "$rules"
