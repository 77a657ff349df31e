#!/bin/sh
# Sees to it that a MariaDB server program is on this machine, from the distribution's
# packages. Only programs are installed: these packages start no service and touch no
# database that may be there.
#
#   install.sh            the server, for the demo
#   install.sh --client   also the client programs the tests use
set -eu

PATH=$PATH:/usr/sbin:/usr/libexec
packages=
command -v mariadbd >/dev/null || packages=mariadb-server-core
if [ "${1:-}" = --client ]; then
	command -v mariadb >/dev/null && command -v mariadb-binlog >/dev/null || packages="$packages mariadb-client"
fi
[ -n "$packages" ] || exit 0

install="apt-get install -y --no-install-recommends $packages"
if ! command -v apt-get >/dev/null; then
	echo "MariaDB is needed and was not found. Install your system's package of the MariaDB server (and client), then try again." >&2
	exit 1
fi
as_root=
if [ "$(id -u)" != 0 ]; then
	if command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
		echo "MariaDB's programs are missing; asking sudo to install: $packages" >&2
		as_root=sudo
	else
		printf 'MariaDB'\''s programs are missing. As root, type:\n\n    apt-get update && %s\n\nand try again.\n' "$install" >&2
		exit 1
	fi
fi
export DEBIAN_FRONTEND=noninteractive
# A machine that has never updated its package lists, or long ago, cannot install.
$as_root $install >/dev/null 2>&1 || {
	$as_root apt-get update -q >/dev/null
	$as_root $install
}
