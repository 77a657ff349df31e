# The shared server, run by `odoo.sh serve`: Odoo at a port as always, and at run/forks a
# process for whoever asks for one. A test database is a copy of the template, so what Odoo
# reads of it in its first seconds is read here once, of another copy, and each process is
# a fork that has it. It serves one database, and is no neighbour of another one's.
#
# A client of run/forks writes "database port" and a line's end. Its process lives until the
# client closes the connection, however the client ends; when the process ends by itself,
# it is this side that closes.
import gc
import os
import selectors
import signal
import socket
import subprocess
import sys
import traceback

import odoo
from odoo.modules.registry import Registry
from odoo.service import server
from odoo.tools import config

WARM = 'warm'


def serve(port):
    config['http_port'] = int(port)
    os._exit(server.start())


def rename(database):
    """Makes what was read of one copy of the template what was read of another."""
    registry = Registry.registries[WARM]
    Registry.delete(WARM)
    registry.db_name = database
    registry._db = odoo.sql_db.db_connect(database)
    Registry.registries[database] = registry


def fork(does, *args):
    pid = os.fork()
    if pid:
        return pid
    try:
        for s in others:
            s.close()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        does(*args)
    except BaseException:
        traceback.print_exc()
    os._exit(1)


def process(database, port):
    rename(database)
    serve(port)


# Nobody is heard before all is ready; until then they wait.
os.path.exists('run/forks') and os.unlink('run/forks')
control = socket.socket(socket.AF_UNIX)
control.bind('run/forks')
control.listen(100)
dead, wake = socket.socketpair()
for s in dead, wake:
    s.setblocking(False)
others = {control, dead, wake}
processes = {}  # by connection; 0 until it has said what it wants

config.parse_config(['-c', 'odoo.conf', '--http-port', sys.argv[1]])
server.load_server_wide_modules()
first = fork(serve, sys.argv[1])

subprocess.check_call(['createdb', '-T', 'plain', WARM])
Registry.new(WARM)
odoo.sql_db.close_all()
subprocess.check_call(['dropdb', WARM])
gc.collect()
gc.freeze()

signal.signal(signal.SIGCHLD, lambda *_: None)
signal.set_wakeup_fd(wake.fileno())
wait = selectors.DefaultSelector()
wait.register(control, selectors.EVENT_READ)
wait.register(dead, selectors.EVENT_READ)


def leave(s):
    wait.unregister(s)
    others.discard(s)
    s.close()
    pid = processes.pop(s)
    if pid:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


while True:
    for key, _ in wait.select():
        s = key.fileobj
        if s is control:
            s, _ = control.accept()
            others.add(s)
            processes[s] = 0
            wait.register(s, selectors.EVENT_READ)
        elif s is dead:
            dead.recv(4096)
            for s, pid in list(processes.items()):
                if pid and os.waitpid(pid, os.WNOHANG)[0]:
                    processes[s] = 0
                    leave(s)
            if os.waitpid(first, os.WNOHANG)[0]:
                sys.exit('the shared server has ended')
        elif s in processes:
            line = s.recv(1024).decode()
            if line and not processes[s]:
                processes[s] = fork(process, *line.split())
            else:
                leave(s)
