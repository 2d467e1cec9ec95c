"""How gunicorn serves the console: one process, many threads, the engine that sends inside it.

`manage.py serve` uses it, and so may `gunicorn -c betaconsole/gunicorn.conf.py betaconsole.wsgi`. The hooks import our
own modules themselves: gunicorn reads this file before Django has its apps.
"""

import gc
import os
import signal
import sys
import threading
from types import FrameType

from django.conf import settings
from gunicorn.arbiter import Arbiter
from gunicorn.workers.gthread import ThreadWorker

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "betaconsole.settings")

# Stopping, all from the signal on: exchanges in flight may take EXCHANGES_S, open connections a moment of that; the rest is
# for writing down how it ended, and at LEAVE_S the process is gone, before the arbiter kills it.
STOP_S, LEAVE_S, EXCHANGES_S, CONNECTIONS_S, CHECKS_S = 30, 29, 25, 4, 0.5

bind = f"[{settings.HOST}]:{settings.PORT}" if ":" in settings.HOST else f"{settings.HOST}:{settings.PORT}"
workers = 1
worker_class = "gthread"
threads = settings.THREADS
worker_connections = threads + 1000
keepalive = 60
graceful_timeout = STOP_S
timeout = 0  # a machine that stood still for a while must not lose the exchanges in flight
max_requests = 0
preload_app = False
limit_request_line = 8190
forwarded_allow_ips = ""  # no header of a client changes what address or scheme a request is said to have
control_socket_disable = True
accesslog = None
errorlog = "-"
loglevel = "warning"


def on_starting(server: Arbiter) -> None:
    """Ctrl-C and a closed terminal stop the console as SIGTERM does; a second Ctrl-C stops it at once."""
    from betaconsole.web.log_lines import InContext, JsonLine
    from betaconsole.web.redaction import RedactKeys

    def stop() -> None:
        sys.stdout.write(f"\nStopping: what is in flight has up to {EXCHANGES_S} s. Ctrl-C again stops at once.\n")
        sys.stdout.flush()
        server.handle_term()

    server.handle_int, server.handle_hup = stop, server.handle_term
    for handler in server.log.error_log.handlers:
        handler.addFilter(InContext())
        handler.addFilter(RedactKeys())
        if settings.LOG_FORMAT == "json":
            handler.setFormatter(JsonLine())


def post_worker_init(worker: ThreadWorker) -> None:
    from betaconsole.betas import schedule
    from betaconsole.compare import concluding
    from betaconsole.runs.history import sweeping
    from betaconsole.runs.sending import engine, ready, stopping

    chores = (schedule.chore, sweeping.chore, concluding.chore)

    def begin_stopping(signum: int, frame: FrameType | None) -> None:
        _heed_no_more()
        stopping.begin_stopping()
        for chore in chores:
            chore.begin_stopping()
        engine.begin_stopping()
        worker.handle_exit(signum, frame)

    # What is loaded stays: the garbage collector need not go through all of it again and again while streams wait.
    gc.collect()
    gc.freeze()
    stopping.start(LEAVE_S)
    engine.start()
    for chore in chores:
        chore.start()
    signal.signal(signal.SIGTERM, begin_stopping)
    signal.siginterrupt(signal.SIGTERM, False)
    # A terminal signals every process of its group; here the arbiter alone decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    worker.cfg.set("graceful_timeout", CONNECTIONS_S)
    threading.Thread(target=ready.say_when_ready, name="ready", daemon=True).start()


def worker_int(worker: ThreadWorker) -> None:
    """SIGQUIT: nobody wants to wait."""
    worker.at_once = True


def worker_exit(server: Arbiter, worker: ThreadWorker) -> None:
    from betaconsole.betas import probing, schedule
    from betaconsole.compare import concluding
    from betaconsole.runs.history import sweeping
    from betaconsole.runs.sending import engine, stopping

    if worker.pid != os.getpid():
        return  # gunicorn calls this in the arbiter too, for a worker that is already gone
    _heed_no_more()
    stopping.begin_stopping()
    chores = (schedule.chore, sweeping.chore, concluding.chore)
    for chore in chores:
        chore.begin_stopping()
    engine.begin_stopping()
    try:
        probing.wait_for_ends(CHECKS_S)
        engine.stop(0 if getattr(worker, "at_once", False) else stopping.left_s(of_s=EXCHANGES_S))
    except SystemExit:  # SIGQUIT while waiting
        engine.stop(0)


def _heed_no_more() -> None:
    """Stopping has begun. A second SIGTERM (containers send one to every process, the arbiter adds its own) must not
    run the handler inside itself: it would wait for a lock that it holds."""
    signal.signal(signal.SIGTERM, lambda signum, frame: None)
