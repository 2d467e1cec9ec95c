"""What stands between a reader and the far end at the very least: a thread for each request that reads and writes on.

`python -m bench.relay PORT` prints its own port. It parses, checks, keeps and logs nothing.
"""

import contextlib
import socket
import sys
import threading


def relay(client: socket.socket, far_end: int) -> None:
    with client, contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", far_end)) as upstream:
        for sock in (client, upstream):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        upstream.sendall(client.recv(65536))
        while data := upstream.recv(65536):
            client.sendall(data)


def main() -> None:
    far_end = int(sys.argv[1])
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    print(listener.getsockname()[1], flush=True)
    while True:
        client, _ = listener.accept()
        threading.Thread(target=relay, args=(client, far_end), daemon=True).start()


if __name__ == "__main__":
    main()
