"""The private Redis of a stack."""

import os
import socket

from roost_local.progress import wait_until
from roost_local.stack import write_file


def user(stack):
    return stack.user("redis")


def prepare(stack):
    owner = user(stack)
    folder = stack.path("redis")
    stack.directory(folder, 0o700, owner)
    # Nobody logs in as default, but it keeps its rights: Redis reads its own append-only file as that user, and would
    # drop every transaction in it.
    write_file(os.path.join(folder, "users.acl"),
               f"user default off resetpass ~* &* +@all\nuser roost on >{stack.secret('redis')} ~* &* +@all\n", owner=owner)
    settings = [
        "bind 127.0.0.1",
        f"port {stack.port('redis')}",
        f"dir {folder}",
        f"aclfile {folder}/users.acl",
        "daemonize no",
        'save ""',
        "appendonly yes",
        "appendfsync everysec",
        "maxmemory-policy noeviction",
        'logfile ""',
    ]
    write_file(os.path.join(folder, "redis.conf"), "\n".join(settings) + "\n", owner=owner)


def process(stack):
    return {
        "name": "redis",
        "argv": ["/usr/bin/redis-server", stack.path("redis", "redis.conf")],
        "env": {"PATH": "/usr/bin:/bin"},
        "user": user(stack).pw_name if stack.is_root else None,
        "log": stack.path("log", "redis.log"),
        "stage": 0,
        "stop_signal": "SIGTERM",
        "ports": [stack.port("redis")],
    }


def _answers(stack):
    try:
        with socket.create_connection(("127.0.0.1", stack.port("redis")), timeout=2) as connection:
            connection.sendall(f"AUTH roost {stack.secret('redis')}\r\nPING\r\n".encode())
            return b"+PONG" in connection.recv(200)
    except OSError:
        return False


def wait(stack):
    wait_until("Redis", 120, lambda: _answers(stack))
