"""Serves the lab's package mirror at 203.0.113.80, plainly and by TLS."""
import functools
import ssl
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

handler = functools.partial(SimpleHTTPRequestHandler, directory="/srv/packages")
plain = ThreadingHTTPServer(("203.0.113.80", 80), handler)
secure = ThreadingHTTPServer(("203.0.113.80", 443), handler)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("/srv/packages/server.crt", "/srv/packages/server.key")
secure.socket = context.wrap_socket(secure.socket, server_side=True, do_handshake_on_connect=False)
threading.Thread(target=secure.serve_forever, daemon=True).start()
plain.serve_forever()
