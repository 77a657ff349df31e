#!/usr/bin/env bash
# Runs odoobench on a fresh database of a real Odoo 19, which it builds when there is none:
#
#   internal/odoobench/run.sh [-orders 200 -which ...]
#
# The server is the one that the tests share (internal/odootest), started if need be. It
# ends by itself some seconds after the last of its users.
set -eu
cd "$(dirname "$0")/../.."
odoo=internal/odootest/odoo.sh
$odoo build 19
tree=${OCTAIL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/octail}/odoo-19
exec 5<>"$tree.users"
flock -s 5
setsid $odoo serve 19 "${PORT:-8069}" users >/dev/null 2>&1 5<&- & # it ends at once where one runs
name=bench$$
for try in $(seq 90); do
	port=$(cut -d ' ' -f 2 "$tree.server" 2>/dev/null || true)
	# Not before it listens: a server that begins drops the databases that are there.
	! (exec 6<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
	[ "$try" -lt 90 ] || { echo "Odoo 19 does not start, see $tree/srv/odoo/log" >&2 && exit 1; }
	sleep 1
done
$odoo clone 19 "$name"
trap '$odoo drop 19 "$name"' EXIT
trap 'exit 1' HUP INT TERM
ODOO_URL=http://127.0.0.1:$port ODOO_DB=$name ODOO_BOT_LOGIN=connector ODOO_BOT_PASSWORD=connector \
	ODOO_BOT_API_KEY=$(sed -n 's/^connector //p' "$tree/srv/odoo/keys") ${GO:-go} run ./internal/odoobench "$@"
