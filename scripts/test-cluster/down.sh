#!/usr/bin/env bash
# down.sh: takes away what up.sh brought up, also after it failed halfway.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
. "$here/settings.sh"

# The end of process 1 is the end of every process in its namespace, and with
# the last of them go the mounts, the network and its rules. The number may by
# now be someone else's, so look at what runs under it.
if [ -s "$STATE/pid-1" ]; then
  pid=$(cat "$STATE/pid-1")
  if [ -e "/proc/$pid" ] && tr '\0' ' ' <"/proc/$pid/cmdline" | grep -q 'up\.sh node'; then
    kill -KILL "$pid"
  fi
  while [ -e "/proc/$pid" ] && [ "$(awk '{print $3}' "/proc/$pid/stat" 2>/dev/null)" != Z ]; do sleep 0.05; done
fi

# The kernel takes a network namespace apart in its own time.
for ((i = 0; i < 200; i++)); do
  [ -e "/sys/class/net/$HOST_LINK" ] || break
  sleep 0.05
done
[ ! -e "/sys/class/net/$HOST_LINK" ] || ip link del "$HOST_LINK"

for root in $(cgroup_roots); do
  for group in "$root/$CGROUP"-*; do
    [ ! -d "$group" ] || find "$group" -depth -type d -exec rmdir {} +
  done
done

rm -rf "$STATE"
