#!/bin/bash
# image.sh [CACHE]: builds the root file system that every machine of the fabric boots from, once, and prints its path.
#
# Debian of this computer's own release, from the package mirrors that its own apt is configured with, plus cloud-init,
# sshd and what a Kubernetes node needs; dressed so that cloud-init behaves as on an Amazon Linux 2023 instance: default user ec2-user, the Ec2 data source
# only, ed25519 and ecdsa host keys. The directory's name holds a hash of this file, so a changed recipe builds a new
# image; a finished one has a file "ready" beside it.
# Needs root, debootstrap, apt. CACHE defaults to ${XDG_CACHE_HOME:-$HOME/.cache}/tombolo-e2e.
set -euo pipefail

CACHE=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/tombolo-e2e}
# No libpam-systemd: a container hears nothing of groups that become empty (version 1), so user@1000 would never stop
PACKAGES=(systemd systemd-sysv dbus libnss-myhostname cloud-init openssh-server sudo ca-certificates curl
          iproute2 iputils-ping procps kmod netbase less
          python3 openssl iptables containerd runc containernetworking-plugins conntrack)

# What apt uses on this computer: "uri codename component", its main archive first.
sources() {
  # shellcheck disable=SC2016
  apt-get indextargets --format '$(ORIGIN) $(REPO_URI) $(CODENAME) $(COMPONENT)' 'Created-By: Packages' |
    awk '$1 == "Debian" {print $2, $3, $4}' | sort -u | awk '{print length($2), $0}' | sort -n | cut -d' ' -f2-
}
read -r MIRROR SUITE _ < <(sources) || { echo "image.sh: apt has no Debian package lists here: run apt-get update" >&2; exit 1; }

KEY=$(cat "$0" - <<< "$SUITE" | sha256sum | cut -c1-12)
HOME_DIR=$CACHE/metal-image-$SUITE-$KEY ROOT=$CACHE/metal-image-$SUITE-$KEY/rootfs
mkdir -p "$HOME_DIR"
exec 9> "$HOME_DIR/lock"; flock 9
if [ -e "$HOME_DIR/ready" ]; then echo "$ROOT"; exit; fi
exec 3>&1 4>&2 > "$HOME_DIR/build.log" 2>&1
finish() {
  rc=$?
  if mountpoint -q "$ROOT/proc"; then umount "$ROOT/proc"; fi
  if [ $rc != 0 ]; then { tail -25 "$HOME_DIR/build.log"; echo "image.sh: failed, see $HOME_DIR/build.log"; } >&4; fi
}
trap finish EXIT

rm -rf "$ROOT"
debootstrap --variant=minbase --include=ca-certificates "$SUITE" "$ROOT" "$MIRROR"

# debootstrap cannot resolve virtual packages (cloud-init needs one): the rest goes through apt inside.
sources | sed 's/^/deb /' > "$ROOT/etc/apt/sources.list"
apt-config dump Acquire | grep -iE 'proxy|CaInfo' > "$ROOT/etc/apt/apt.conf.d/99build" || true
printf '#!/bin/sh\nexit 101\n' > "$ROOT/usr/sbin/policy-rc.d"; chmod 755 "$ROOT/usr/sbin/policy-rc.d"  # start no service
printf 'path-exclude=/usr/share/%s/*\n' doc man locale info > "$ROOT/etc/dpkg/dpkg.cfg.d/small"
echo force-unsafe-io >> "$ROOT/etc/dpkg/dpkg.cfg.d/small"
cp /etc/resolv.conf "$ROOT/etc/resolv.conf"
mount -t proc proc "$ROOT/proc"
in_root() { env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive LC_ALL=C chroot "$ROOT" "$@"; }
in_root apt-get -q update
in_root apt-get -q -y --no-install-recommends install "${PACKAGES[@]}"
in_root apt-get clean
umount "$ROOT/proc"
rm -rf "$ROOT"/usr/sbin/policy-rc.d "$ROOT"/etc/apt/apt.conf.d/99build "$ROOT"/var/lib/apt/lists/* "$ROOT"/var/cache/apt/*.bin \
       "$ROOT"/etc/resolv.conf "$ROOT"/etc/ssh/ssh_host_* "$ROOT"/etc/hostname "$ROOT"/var/lib/cloud/*
: > "$ROOT/etc/machine-id"; ln -sf /etc/machine-id "$ROOT/var/lib/dbus/machine-id"

# Not for a container, and a node's runtime starts only when somebody says so (Amazon Linux has none at all).
rm -f "$ROOT"/etc/systemd/system/*.wants/containerd.service
for unit in getty@ console-getty systemd-networkd systemd-resolved systemd-timesyncd e2scrub_reap apt-daily.timer \
            apt-daily-upgrade.timer dpkg-db-backup.timer fstrim.timer e2scrub_all.timer; do
  case $unit in *.timer) ;; *) unit=$unit.service ;; esac
  ln -sf /dev/null "$ROOT/etc/systemd/system/$unit"
done
ln -sf multi-user.target "$ROOT/lib/systemd/system/default.target"

sed -i 's/^hosts:.*/hosts: files dns myhostname/' "$ROOT/etc/nsswitch.conf"
mkdir -p "$ROOT/etc/systemd/system.conf.d"
printf '[Manager]\nDefaultTimeoutStopSec=8s\n' > "$ROOT/etc/systemd/system.conf.d/metal.conf"

# ens5 comes with its address: without this, cloud-init's init-local stage would wait for a DHCP server
rm -f "$ROOT/usr/sbin/dhclient"
# What a machine has and a container lacks: writable control groups (a unit's DevicePolicy= needs them), /dev/kmsg, and the
# kernel settings that a kubelet insists on: files that hold the wanted values, so that this computer's own stay as they are.
cat > "$ROOT/usr/local/sbin/like-a-machine" <<'SH'
#!/bin/sh
mount -o remount,rw /sys/fs/cgroup
for d in /sys/fs/cgroup/*; do [ -L "$d" ] || mount -o remount,bind,rw "$d"; done
mkdir -p /run/like-a-machine
for kv in vm/overcommit_memory=1 kernel/panic=10 kernel/panic_on_oops=1 kernel/keys/root_maxkeys=1000000 \
          kernel/keys/root_maxbytes=25000000; do
  f=/run/like-a-machine/${kv##*/}; f=${f%=*}
  echo "${kv#*=}" > "$f"; mount --bind "$f" "/proc/sys/${kv%=*}"
done
ln -sfn console /dev/kmsg
SH
chmod 755 "$ROOT/usr/local/sbin/like-a-machine"
cat > "$ROOT/etc/systemd/system/like-a-machine.service" <<'UNIT'
[Unit]
DefaultDependencies=no
Before=sysinit.target cloud-init-local.service
[Service]
Type=oneshot
ExecStart=/usr/local/sbin/like-a-machine
UNIT
mkdir -p "$ROOT/etc/systemd/system/sysinit.target.wants"
ln -sf ../like-a-machine.service "$ROOT/etc/systemd/system/sysinit.target.wants/"

cat > "$ROOT/etc/cloud/cloud.cfg.d/99-metal.cfg" <<'CFG'
datasource_list: [Ec2]
datasource: {Ec2: {strict_id: true, timeout: 5, max_wait: 120}}
network: {config: disabled}          # ens5 comes configured, as if DHCP had answered
ssh_genkeytypes: [ed25519, ecdsa]    # as Amazon Linux 2023
disable_root: true
ssh_pwauth: false
growpart: {mode: "off"}
resize_rootfs: false
apt_preserve_sources_list: true
manage_etc_hosts: false
preserve_hostname: false
system_info:
  distro: debian
  default_user:
    name: ec2-user
    gecos: EC2 Default User
    lock_passwd: true
    groups: [adm, systemd-journal]
    sudo: ["ALL=(ALL) NOPASSWD:ALL"]
    shell: /bin/bash
CFG
# Modules that have nothing to do here, or that would want the Internet
NOT="apt-pipelining|apt-configure|grub-dpkg|growpart|resizefs|disk_setup|mounts|locale|fan|landscape|lxd|puppet|chef|mcollective"
NOT="$NOT|salt-minion|rightscale_userdata|phone-home|ntp|timezone|byobu|snap|ubuntu[-_].*|wireguard|ansible"
sed -i -E "/^ - ($NOT)\$/d" "$ROOT/etc/cloud/cloud.cfg"

du -sm "$ROOT"
touch "$HOME_DIR/ready"
echo "$ROOT" >&3
