"""One stack: its data directory, the state kept over restarts (ports, options), its secrets and its users."""

import fcntl
import json
import os
import pwd
import random
import secrets
import socket
import stat
import string
import subprocess
import tempfile
import time

from roost_local.progress import StackError

SERVICES = ("accounts", "domains", "quotas", "mailboxes", "dnschecks")
SERVICE_USER = "roost"
MAIL_USER = "roost-mail"
# Below the range from which the kernel takes ports for outgoing connections.
PORT_RANGE = (20000, 32000)
# A unix socket's path has 107 bytes; the longest name that we add has 30.
MAX_RUN_PATH = 75


def default_data_dir():
    if os.geteuid() == 0:
        return "/var/lib/roost-local"
    base = os.environ.get("XDG_DATA_HOME") or os.path.expanduser("~/.local/share")
    return os.path.join(base, "roost")


def port_is_free(host, port):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def write_file(path, content, mode=0o600, owner=None):
    """Writes atomically; the file never exists with a wider mode or another owner."""
    data = content.encode() if isinstance(content, str) else content
    part = path + ".new"
    if os.path.lexists(part):
        os.unlink(part)
    fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(fd, "wb") as out:
        out.write(data)
        if owner is not None and os.geteuid() == 0:
            os.fchown(out.fileno(), owner.pw_uid, owner.pw_gid)
        os.fchmod(out.fileno(), mode)
    os.replace(part, path)


class Stack:
    def __init__(self, data):
        self.data = os.path.abspath(data)
        self.is_root = os.geteuid() == 0
        self.state = self._load("state.json", {"ports": {}, "mail": False, "layout": "id"})
        self.secrets = {}

    # Paths

    def path(self, *names):
        return os.path.join(self.data, *names)

    @property
    def run_dir(self):
        return self.state["run_dir"]

    def socket(self, name):
        return os.path.join(self.run_dir, name + ".sock")

    @property
    def control_socket(self):
        return os.path.join(self.run_dir, "ctl", "supervisor.sock")

    @property
    def mail_home(self):
        return self.path("mail")

    @property
    def bin_dir(self):
        return self.path("bin")

    @property
    def ui_dir(self):
        return self.path("bin", "ui")

    # Users

    def user(self, name):
        """The passwd entry to run as: as root the named one, else oneself."""
        return pwd.getpwnam(name) if self.is_root else pwd.getpwuid(os.geteuid())

    def ensure_users(self):
        if not self.is_root:
            return
        for name in (SERVICE_USER, MAIL_USER):
            try:
                pwd.getpwnam(name)
            except KeyError:
                command = ["/usr/sbin/useradd", "--system", "--user-group", "--no-create-home",
                           "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin", name]
                subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    # Directories

    def make_data_dir(self):
        os.makedirs(self.data, mode=0o755, exist_ok=True)
        os.chmod(self.data, 0o755)
        self._check_reachable()

    def ensure_directories(self):
        self.ensure_users()
        if "run_dir" not in self.state:
            self.state["run_dir"] = self._choose_run_dir()
        service, mail = self.user(SERVICE_USER), self.user(MAIL_USER)
        self.directory(self.run_dir, 0o755, service)
        self.directory(os.path.join(self.run_dir, "ctl"), 0o700, None)
        self.directory(self.path("log"), 0o700, None)
        self.directory(self.path("bin"), 0o755, None)
        self.directory(self.path("secrets"), 0o711, None)
        self.directory(self.mail_home, 0o700, mail)

    def _choose_run_dir(self):
        inside = self.path("run")
        if len(inside) <= MAX_RUN_PATH:
            return inside
        return tempfile.mkdtemp(prefix="roost-run-")

    def directory(self, path, mode, owner):
        os.makedirs(path, mode=mode, exist_ok=True)
        os.chmod(path, mode)
        if owner is not None and self.is_root:
            os.chown(path, owner.pw_uid, owner.pw_gid)

    def _check_reachable(self):
        """The servers run as users of their own: every folder above must let them through."""
        if not self.is_root:
            return
        path = self.data
        while path != "/":
            path = os.path.dirname(path)
            if not os.stat(path).st_mode & stat.S_IXOTH:
                raise StackError(f"{path} lets nobody but its owner through, and the servers run as users of their "
                                 f"own: choose another --data, or chmod o+x {path}")

    # State

    def _load(self, name, default):
        try:
            with open(self.path(name), encoding="utf-8") as source:
                return json.load(source)
        except FileNotFoundError:
            return default

    def exists(self):
        return os.path.exists(self.path("state.json"))

    def save_state(self):
        write_file(self.path("state.json"), json.dumps(self.state, indent=2, sort_keys=True) + "\n")

    def snapshot(self):
        return json.loads(json.dumps(self.state))

    def lock(self, wait_s=0):
        """Held until the process ends: one up or down at a time in one data directory."""
        fd = os.open(self.path("lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        deadline = time.monotonic() + wait_s
        while True:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return fd
            except BlockingIOError as error:
                if time.monotonic() >= deadline:
                    raise StackError(f"another up or down is at work in {self.data}") from error
            time.sleep(0.1)

    def load_secrets(self):
        self.secrets = self._load("secrets/all.json", {})

    def secret(self, name, length=32):
        """Letters and digits only: goes into URLs, shell lines and configuration files as it is."""
        if name not in self.secrets:
            alphabet = string.ascii_letters + string.digits
            self.secrets[name] = "".join(secrets.choice(alphabet) for _ in range(length))
            self.save_secrets()
        return self.secrets[name]

    def save_secrets(self):
        self.directory(self.path("secrets"), 0o711, None)
        write_file(self.path("secrets", "all.json"), json.dumps(self.secrets, indent=2) + "\n")

    def secret_file(self, name, content, owner):
        path = self.path("secrets", name)
        write_file(path, content + "\n", mode=0o400, owner=owner)
        return path

    # Ports

    def port(self, name):
        return self.state["ports"][name]

    def choose_ports(self, names):
        """Keeps the ports of earlier runs where they are still free."""
        ports = self.state["ports"]
        used = set(ports.values())
        if "listen" in self.state:
            used.add(int(self.state["listen"].rsplit(":", 1)[1]))
        for name in names:
            if name in ports and port_is_free("127.0.0.1", ports[name]):
                continue
            ports[name] = self._free_port(used)
            used.add(ports[name])

    @staticmethod
    def _free_port(used):
        for _ in range(1000):
            port = random.randrange(*PORT_RANGE)
            if port not in used and port_is_free("127.0.0.1", port):
                return port
        raise StackError("no free port between %d and %d" % PORT_RANGE)

    # URLs

    def database_url(self, role):
        return f"postgresql://{role}:{self.secret('db.' + role)}@127.0.0.1:{self.port('postgres')}/roost"

    def redis_url(self):
        return f"redis://roost:{self.secret('redis')}@127.0.0.1:{self.port('redis')}"

    def url(self):
        host, port = self.state["listen"].rsplit(":", 1)
        return f"http://{'127.0.0.1' if host in ('0.0.0.0', '[::]') else host}:{port}"
