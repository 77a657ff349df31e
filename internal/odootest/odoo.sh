#!/bin/sh
# A real Odoo of Debian's packages for the tests, in a folder of its own: nothing of it is
# installed on this machine.
#
#   odoo.sh build  19|14               once: the packages, PostgreSQL, the template database (minutes)
#   odoo.sh serve  19|14 [PORT]        Odoo and its PostgreSQL at 127.0.0.1, until interrupted or stopped
#   odoo.sh serve  19|14 PORT users    the same, until nobody holds a lock on odoo-VERSION.users any more
#   odoo.sh stop   19|14               end what serve began
#   odoo.sh clone  19|14 NAME [vat]    a fresh database (a second), with base_vat on request
#   odoo.sh drop   19|14 NAME          remove it, whoever is connected
#   odoo.sh sql    19|14 NAME          SQL on the input, rows as CSV
#   odoo.sh shell  19|14 NAME          Odoo's own shell, Python on the input
#   odoo.sh odoo   19|14 PORT          one more Odoo over the same PostgreSQL, which this process becomes
#
# Everything is in $OCTAIL_CACHE, else ~/.cache/octail: the folder odoo-VERSION is the whole
# system Odoo runs in, /srv/odoo inside it what is Odoo's and the database's. srv/odoo/keys
# holds the API keys, one "login key" a line. The logins are admin (password admin) and
# connector (password connector), who is no administrator and has the groups in users.py.
# serve begins by dropping the databases that are left from earlier runs.
#
#   OCTAIL_DEBIAN_MIRROR    Debian archive (default: the one in this machine's apt configuration)
#   OCTAIL_DEBIAN_KEYRING   its keys (default: the ones of the package debian-archive-keyring)
#
# Needs Linux, root (chroot, mount in a namespace of its own) and apt.
set -eu

die() {
	echo "odoo.sh: $*" >&2
	exit 1
}

[ $# -ge 2 ] || { sed -n '2,/^set -eu/{/^set/d;s/^# \{0,1\}//;p;}' "$0" >&2; exit 2; }
command=$1 version=$2
shift 2
modules=sale_management,stock,sale_stock,account,delivery,contacts,crm,sale_crm,base_automation
case $version in
# pytz asks for time zones by names that only tzdata-legacy has
19) suite=sid packages=odoo-19,tzdata-legacy port=8069 modules=$modules,stock_delivery,sale_loyalty,api_doc ;;
# 14 has no taxes and no journals without a chart of accounts
14) suite=bullseye packages=odoo-14 port=8074 modules=$modules,l10n_generic_coa ;;
*) die "no Debian release carries Odoo $version (known: 19, 14)" ;;
esac
here=$(cd "$(dirname "$0")" && pwd)
cache=${OCTAIL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/octail}
mkdir -p "$cache"
cache=$(cd "$cache" && pwd)
tree=$cache/odoo-$version
[ "$(id -u)" = 0 ] || die "root is needed (chroot): try again with sudo -E"

# inside becomes a command in the tree as Odoo's user. What it mounts is seen by it alone and
# gone with it.
inside() { in_namespaces --mount -- "$@"; }

# in_namespaces takes options of unshare, --, options of setpriv and the command. To die with
# the parent (--pdeathsig) is asked for last: a change of the user undoes it.
in_namespaces() {
	namespaces=
	while [ "$1" != -- ]; do namespaces="$namespaces $1" && shift; done
	shift
	pg=$(cd "$tree" && echo usr/lib/postgresql/*/bin)
	# shellcheck disable=SC2086,SC2016 # a list of words; the inner shell's own variables
	exec unshare $namespaces --propagation private /bin/sh -ec '
		tree=$1 pg=$2
		shift 2
		mount -t proc proc "$tree/proc"
		mount --rbind /dev "$tree/dev"
		exec chroot "$tree" /usr/bin/env -i HOME=/srv/odoo LANG=C.UTF-8 TZ=UTC PGHOST=/srv/odoo/run PGUSER=odoo \
			PATH="/$pg:/usr/sbin:/usr/bin:/sbin:/bin" \
			setpriv --reuid=odoo --regid=odoo --init-groups --inh-caps=-all "$@"
	' sh "$tree" "$pg" "$@"
}

# mirror is the archive this machine uses itself.
mirror() {
	apt-get indextargets --format '$(ORIGIN) $(LABEL) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
		awk '$1 == "Debian" && $2 == "Debian" { print $3; exit }'
	apt-get indextargets --format '$(REPO_URI)' 2>/dev/null | grep '/debian/*$' || true
}

install_mmdebstrap() {
	command -v mmdebstrap >/dev/null && return
	command -v apt-get >/dev/null || die "mmdebstrap is needed: install your system's package of it"
	export DEBIAN_FRONTEND=noninteractive
	# A new machine may be at its first upgrade.
	install="apt-get install -y --no-install-recommends -o DPkg::Lock::Timeout=600 mmdebstrap debian-archive-keyring"
	# A machine that has never updated its package lists, or long ago, cannot install.
	$install >/dev/null 2>&1 || {
		apt-get update -q >/dev/null
		$install >&2
	}
}

# system unpacks and configures the packages. Left out is what no test looks at:
# documentation, translations, and byte code of the thousands of files that are never run.
system() {
	mirror=${OCTAIL_DEBIAN_MIRROR:-$(mirror | head -n 1)}
	[ -n "$mirror" ] || die 'no Debian archive in the apt configuration: set OCTAIL_DEBIAN_MIRROR'
	keyring=${OCTAIL_DEBIAN_KEYRING:-/usr/share/keyrings/debian-archive-keyring.gpg}
	[ -r "$keyring" ] || die "no $keyring: install debian-archive-keyring or set OCTAIL_DEBIAN_KEYRING"
	# shellcheck disable=SC2016 # mmdebstrap's own $1
	mmdebstrap --mode=root --variant=minbase --keyring="$keyring" \
		--aptopt='Acquire::Check-Valid-Until "false"' --aptopt='Acquire::Languages "none"' --aptopt='Acquire::Retries "3"' \
		--aptopt='APT::Install-Recommends "false"' \
		--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
		--dpkgopt='path-exclude=*/addons/*/i18n*/*.po' --dpkgopt='path-exclude=/usr/bin/py3compile' \
		--setup-hook='cd "$1" && mkdir -p etc/postgresql-common usr/bin usr/sbin' \
		--setup-hook='cd "$1" && echo create_main_cluster = false >etc/postgresql-common/createcluster.conf' \
		--setup-hook='cd "$1" && printf "#!/bin/sh\nexit 0\n" >usr/bin/py3compile && chmod 755 usr/bin/py3compile' \
		--setup-hook='cd "$1" && printf "#!/bin/sh\nexit 101\n" >usr/sbin/policy-rc.d && chmod 755 usr/sbin/policy-rc.d' \
		--customize-hook='cd "$1" && mkdir -p srv/odoo/data srv/odoo/log srv/odoo/run' \
		--customize-hook='chroot "$1" chown -R odoo:odoo /srv/odoo /usr/lib/python3/dist-packages' \
		--include="$packages,postgresql" "$suite" "$tree" "$mirror" >"$tree.log" 2>&1 || {
		tail -n 20 "$tree.log" >&2
		die "unpacking $packages of $suite did not work"
	}
	chmod 755 "$tree"
	[ "$version" != 19 ] || newer_python
}

# newer_python: sid has a Python that Odoo 19.0 does not know yet. Its weak sets copy what
# they hold, and its compiler makes instructions that Odoo's list of harmless ones lacks.
newer_python() {
	tools=$tree/usr/lib/python3/dist-packages/odoo/tools
	cat >>"$tools/misc.py" <<-'PY'

		OrderedSet.copy = getattr(OrderedSet, 'copy', lambda self: OrderedSet(self))
	PY
	cat >>"$tools/safe_eval.py" <<-'PY'

		for _known in _CONST_OPCODES, _EXPR_OPCODES, _SAFE_OPCODES:
		    _known.update(to_opcodes([
		        'LOAD_SMALL_INT', 'LOAD_COMMON_CONSTANT', 'LOAD_FAST_BORROW', 'LOAD_FAST_BORROW_LOAD_FAST_BORROW',
		        'NOT_TAKEN', 'POP_ITER']))
	PY
}

# databases makes PostgreSQL's files and the template. Nothing here outlives the machine, so
# nothing is flushed to the disk. A limit of memory would have Odoo restart itself amid tests.
databases() {
	cp "$here/users.py" "$tree/srv/odoo/"
	cat >"$tree/srv/odoo/odoo.conf" <<-EOT
		[options]
		data_dir = /srv/odoo/data
		http_interface = 127.0.0.1
		max_cron_threads = 0
		workers = 0
		limit_memory_soft = 0
		limit_memory_hard = 0
		limit_time_cpu = 600
		limit_time_real = 600
		log_handler = :INFO,odoo.addons.rpc.controllers:ERROR
	EOT
	[ "$version" != 14 ] || echo 'without_demo = all' >>"$tree/srv/odoo/odoo.conf"
	# shellcheck disable=SC2016 # the inner shell's own variables
	(in_namespaces --mount --pid --fork -- --pdeathsig KILL /bin/sh -euc '
		cd /srv/odoo
		initdb -D pg -U odoo -A trust -E UTF8 --locale=C.UTF-8
		cat >>pg/postgresql.conf <<-EOT
			listen_addresses = '"''"'
			unix_socket_directories = '"'/srv/odoo/run'"'
			fsync = off
			synchronous_commit = off
			full_page_writes = off
			max_connections = 300
		EOT
		pg_ctl -D pg -l log/postgresql.log -w start
		odoo -c odoo.conf -d plain -i "$1" --stop-after-init --no-http
		odoo shell -c odoo.conf -d plain --no-http <users.py >keys
		psql -c "ALTER DATABASE plain WITH IS_TEMPLATE true ALLOW_CONNECTIONS false" postgres
		pg_ctl -D pg -m fast -w stop
		grep -q "^connector [0-9a-f]*$" keys
	' sh "$modules") >>"$tree.log" 2>&1 || {
		tail -n 30 "$tree.log" >&2
		die "making the template database did not work (see $tree.log)"
	}
}

# build makes the whole tree beside its place, so that what is there is complete.
build() {
	exec 7>"$tree.build"
	flock 7 # two at once build once
	[ ! -e "$tree" ] || return 0
	place=$tree tree=$tree.new
	rm -rf --one-file-system "$tree" # of a build that was killed
	install_mmdebstrap
	trap 'rm -rf --one-file-system "$tree"' EXIT
	trap 'exit 1' HUP INT TERM
	echo "building Odoo $version in $place, once; this takes minutes" >&2
	system
	databases
	mv -T "$tree" "$place"
	mv -f "$tree.log" "$place.log"
}

# serve becomes the first process of a namespace, with which all others end. All of them
# keep the lock on odoo-VERSION.server, so who gets it knows that none is left. The file
# says which process to end and which port was given.
serve() {
	[ "$#" -ge 1 ] || set -- "$port"
	exec 8<>"$tree.users" 9<>"$tree.server"
	# A moment, as others look at the lock too, to see whether it is held.
	flock -w 10 9 || die "Odoo $version runs already, at port $(cut -d ' ' -f 2 "$tree.server")"
	echo "$$ $1" >"$tree.server"
	cp "$here/forks.py" "$tree/srv/odoo/"
	# shellcheck disable=SC2016 # the inner shell's own variables
	in_namespaces --mount --pid --fork -- --pdeathsig TERM /bin/sh -euc '
		cd /srv/odoo
		rm -f pg/postmaster.pid run/.s.PGSQL.* # their numbers mean nothing in this namespace
		# A backup begins with a checkpoint that is a moment old, and each database that is made or
		# dropped meanwhile makes another.
		postgres -D pg -c wal_keep_size=1GB >>log/postgresql.log 2>&1 &
		pg=$!
		trap "kill -INT $pg; wait $pg; exit" INT TERM
		until pg_isready -q -d postgres; do
			kill -0 $pg
			sleep 0.1
		done
		psql -qAtd postgres -c "SELECT datname FROM pg_database WHERE NOT datistemplate AND datname <> '"'postgres'"'" |
			while read -r name; do dropdb "$name"; done
		python3 forks.py "$1" >>log/odoo.log 2>&1 &
		odoo=$!
		trap "kill -9 $odoo" INT TERM
		if [ "${2-}" = users ]; then
			# The next user is often the next package: wait a moment for it.
			(while flock 8 && flock -u 8 && sleep 10 && ! flock -n 8; do :; done && kill -9 $odoo) &
		fi
		wait $odoo || wait $odoo || true
		kill -INT $pg
		wait $pg
	' sh "$@"
}

stop() {
	exec 9<>"$tree.server"
	flock -n 9 && return
	# The process that waits for the namespace: when it is gone the others get a signal.
	kill -9 "$(cut -d ' ' -f 1 "$tree.server")"
	flock -w 300 9 || die "Odoo $version does not end"
}

# vat makes the second template when it is first wanted.
vat() {
	exec 7>"$tree.build"
	flock 7
	[ -z "$( (inside psql -qAtd postgres -c "SELECT 1 FROM pg_database WHERE datname = 'vat'"))" ] || return 0
	# shellcheck disable=SC2016 # the inner shell's own variables
	(inside /bin/sh -euc '
		cd /srv/odoo
		dropdb --if-exists vat_new
		createdb -T plain vat_new
		odoo -c odoo.conf -d vat_new -i base_vat --stop-after-init --no-http >>log/vat.log 2>&1
		# In this order: a template cannot be dropped, should this end in between.
		psql -q -c "ALTER DATABASE vat_new RENAME TO vat" -c "ALTER DATABASE vat WITH IS_TEMPLATE true ALLOW_CONNECTIONS false" postgres
	') || die "making the template with base_vat did not work (see $tree/srv/odoo/log/vat.log)"
}

[ "$command" = build ] || [ -e "$tree/srv/odoo" ] || die "there is no Odoo $version in $cache: build it with: internal/odootest/odoo.sh build $version"
case $command in
build) build ;;
serve) serve "$@" ;;
stop) stop ;;
clone)
	[ "${2-}" != vat ] || vat
	inside createdb -T "${2:-plain}" "$1"
	;;
drop) inside dropdb --if-exists --force "$1" ;;
sql) inside psql -q --csv -t -v ON_ERROR_STOP=1 -d "$1" ;;
shell) inside odoo shell -c /srv/odoo/odoo.conf -d "$1" --no-http --log-level=warn ;;
odoo) inside --pdeathsig KILL odoo -c /srv/odoo/odoo.conf --http-port "$1" --logfile "/srv/odoo/log/odoo-$1.log" ;;
*) die "unknown command $command" ;;
esac
