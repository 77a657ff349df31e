#!/bin/sh
# Unpacks a database server, or Prometheus with its promtool, for the tests: nothing is
# installed, no service is started, root is not needed.
#
#   fetch.sh mariadb    10.5|10.11|11.8 [DIR]
#   fetch.sh mysql      9.7             [DIR]
#   fetch.sh prometheus 2.42            [DIR]
#
# The packages of the Debian release that carries this version, and all libraries they
# need down to libc, are downloaded through a private apt configuration and unpacked into
# DIR, which must not exist. Without DIR they go where the tests look for them:
# $OCTAIL_CACHE, else ~/.cache/octail. The tests start the server through the tree's own
# dynamic loader. Package signatures are checked; the age of the release file is not, so
# that a frozen mirror works too.
#
#   OCTAIL_DEBIAN_MIRROR    Debian archive (default: the one in this machine's apt configuration)
#   OCTAIL_DEBIAN_KEYRING   its keys (default: the ones of the package debian-archive-keyring)
#
# Needs apt, dpkg-deb and tar.
set -eu

die() {
	echo "fetch.sh: $*" >&2
	exit 1
}

[ $# -ge 2 ] && [ $# -le 3 ] || { sed -n '2,/^set -eu/{/^set/d;s/^# \{0,1\}//;p;}' "$0" >&2; exit 2; }
flavor=$1 version=$2 alone=

case $flavor-$version in
mariadb-10.5) suite=bullseye packages='mariadb-server-core-10.5 mariadb-client-core-10.5 mariadb-client-10.5' ;;
mariadb-10.11) suite=bookworm packages='mariadb-server-core mariadb-client-core mariadb-client' ;;
mariadb-11.8) suite=trixie packages='mariadb-server-core mariadb-client-core mariadb-client' ;;
mysql-9.7) suite=sid packages='mysql-server-core mysql-client-core' ;;
# what else the package asks for serves its service and its web pages
prometheus-2.42) suite=bookworm packages='prometheus libc6' alone=yes ;;
*) die "no Debian release carries $flavor $version (known: mariadb 10.5, 10.11, 11.8; mysql 9.7; prometheus 2.42)" ;;
esac

target=${3:-${OCTAIL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/octail}/$flavor-$version}
case $target in /*) ;; *) target=$PWD/$target ;; esac
[ ! -e "$target" ] || die "$target is there already; remove it to fetch again"
keyring=${OCTAIL_DEBIAN_KEYRING:-/usr/share/keyrings/debian-archive-keyring.gpg}
[ -r "$keyring" ] || die "no $keyring: install debian-archive-keyring or set OCTAIL_DEBIAN_KEYRING"

# The archive this machine uses itself. Before the first "apt-get update" apt knows only
# what its source files say.
mirror() {
	apt-get indextargets --format '$(ORIGIN) $(LABEL) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
		awk '$1 == "Debian" && $2 == "Debian" { print $3; exit }'
	apt-get indextargets --format '$(REPO_URI)' 2>/dev/null | grep '/debian/*$' || true
}
mirror=${OCTAIL_DEBIAN_MIRROR:-$(mirror | head -n 1)}
[ -n "$mirror" ] || die 'no Debian archive in the apt configuration: set OCTAIL_DEBIAN_MIRROR'

mkdir -p "$(dirname "$target")"
work=$(mktemp -d "$target.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
apt=$work/apt
mkdir -p "$apt/lists/partial" "$apt/archives/partial" "$apt/parts" "$work/tree"
: >"$apt/status" # empty: apt takes every library, whatever this machine has
echo "deb [arch=$(dpkg --print-architecture) signed-by=$keyring] $mirror $suite main" >"$apt/sources.list"
cat >"$apt/apt.conf" <<EOF
Dir::State "$apt";
Dir::State::status "$apt/status";
Dir::State::lists "$apt/lists";
Dir::Cache "$apt";
Dir::Cache::archives "$apt/archives";
Dir::Etc::sourcelist "$apt/sources.list";
Dir::Etc::sourceparts "$apt/parts";
Dir::Etc::parts "$apt/parts";
Dir::Etc::preferences "$apt/preferences";
Dir::Etc::preferencesparts "$apt/parts";
Acquire::Languages "none";
Acquire::Check-Valid-Until "false";
Acquire::Retries "3";
APT::Install-Recommends "false";
APT::Sandbox::User "";
EOF

apt_get() {
	APT_CONFIG=$apt/apt.conf DEBIAN_FRONTEND=noninteractive apt-get -q "$@" >>"$apt/log" 2>&1 || {
		tail -n 20 "$apt/log" >&2
		die "fetching $packages from $suite did not work"
	}
}
apt_get update
# shellcheck disable=SC2086 # a list of words
if [ "$alone" ]; then
	cd "$apt/archives"
	apt_get download $packages
else
	apt_get install -y --download-only $packages
fi

for deb in "$apt"/archives/*.deb; do
	dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$work/tree" --no-same-owner \
		--exclude='./usr/share/doc' --exclude='./usr/share/man' --exclude='./usr/share/info' \
		--exclude='./usr/share/locale' --exclude='./usr/share/perl' --exclude='./var'
done
mv -T "$work/tree" "$target" 2>/dev/null || [ -d "$target/usr" ] || die "cannot move the tree to $target"
echo "$target"
