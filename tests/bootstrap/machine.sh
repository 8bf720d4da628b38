#!/bin/bash
# A throw-away machine around this computer's own programs: fresh /etc, /var, /run and /usr/local, an own network without a
# way out, an own list of processes. Runs the script given, in which the bootstrap's paths are those of a real machine.
#   machine.sh SCRIPT [ARGUMENT…]        as root; ends with every process it started
# In it: /usr/local/sbin/systemctl, which runs a unit's ExecStart and writes down what it was told in /run/systemctl.log,
# and /run/console in the place of /dev/console.
set -euo pipefail

if [[ ${TOMBOLO_MACHINE:-} != inside ]]; then
  exec env TOMBOLO_MACHINE=inside unshare --pid --fork --kill-child --mount-proc --mount --net "$0" "$@"
fi

for folder in /etc /var /run /usr/local; do mount -t tmpfs tmpfs "$folder"; done
mkdir -p /etc/systemd/system /var/log /var/lib /usr/local/bin /usr/local/sbin /run/lock
: >/run/console
if [[ -e /dev/console ]]; then mount --bind /run/console /dev/console; fi
ip link set lo up

cat >/usr/local/sbin/systemctl <<'END'
#!/bin/bash
echo "$*" >>/run/systemctl.log
case "$*" in
  "is-active --quiet systemd-networkd") exit 3 ;;
  "is-active --quiet nebula.service") [[ -s /run/nebula.pid && -d /proc/$(cat /run/nebula.pid) ]] || exit 3 ;;
  "reload nebula.service") kill -HUP "$(cat /run/nebula.pid)" ;;
  "restart nebula.service")
    if [[ -s /run/nebula.pid ]]; then
      kill "$(cat /run/nebula.pid)" || true
      for _ in {1..50}; do [[ -d /proc/$(cat /run/nebula.pid) ]] || break; sleep 0.1; done
    fi
    command=$(sed -n 's/^ExecStart=//p' /etc/systemd/system/nebula.service)
    # shellcheck disable=SC2086  # the words of a unit's command line
    setsid $command </dev/null >/var/log/nebula.log 2>&1 3>&- 4>&- &
    echo $! >/run/nebula.pid ;;
esac
END
chmod +x /usr/local/sbin/systemctl
exec bash -euo pipefail "$@"
