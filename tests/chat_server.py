"""A small server of the OpenAI chat protocol on this machine, over real HTTP, that can be told to be busy, picky or broken."""

import json
import random
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

WORDS = [
    "card",
    "transfer",
    "rate",
    "please",
    "help",
    "today",
    "account",
    "Oslo",
    "limit",
    "again",
    "fee",
    "pending",
    "blocked",
]


class ChatServer:
    """What it was asked, and how it is to answer.

    `busy` requests are answered with 429 first, `refuses` lists forms of JSON that it does not know, `answer` makes the content.
    """

    def __init__(self):
        self.asked, self.keys = [], []
        self.busy, self.status, self.refuses = 0, None, ()
        self.answer = self.records
        self.at_once, self.most_at_once = 0, 0
        self.lock = threading.Lock()

    def records(self, request):
        """A value that has the shape that was asked for."""
        shape = request["response_format"]["json_schema"]["schema"]
        draw = random.Random(request["seed"])
        return json.dumps(value_of(shape, draw))


def value_of(shape, draw):
    if shape["type"] == "object":
        return {name: value_of(member, draw) for name, member in shape["properties"].items()}
    if shape["type"] == "array":
        return [value_of(shape["items"], draw) for _ in range(2)]
    return " ".join(draw.choice(WORDS) for _ in range(7))


@contextmanager
def chat_server():
    """The server and its address."""
    server = ChatServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with server.lock:
                server.at_once += 1
                server.most_at_once = max(server.most_at_once, server.at_once)
                server.keys.append(self.headers.get("Authorization"))
                busy = server.busy > 0
                server.busy -= busy
            try:
                self.send(*self.reply(request, busy))
            finally:
                with server.lock:
                    server.at_once -= 1

        def reply(self, request, busy):
            form = request.get("response_format", {}).get("type", "text")
            if self.path != "/v1/chat/completions" or request["model"] == "unknown":
                return 404, {"error": {"message": "no such model"}}
            if busy:
                return 429, {"error": {"message": "slow down"}}, {"Retry-After": "0.05"}
            if server.status is not None:
                return server.status, {"error": {"message": f"echo: {request['messages']}"}}
            if form in server.refuses:
                return 400, {"error": {"message": f"response_format {form} is not supported"}}
            with server.lock:
                server.asked.append(request)
            message = {"role": "assistant", "content": server.answer(request)}
            read = sum(len(m["content"]) for m in request["messages"]) // 4
            usage = {"prompt_tokens": read, "completion_tokens": 20, "total_tokens": read + 20}
            choices = [{"index": 0, "finish_reason": "stop", "message": message}]
            head = {"id": "1", "object": "chat.completion", "created": 0, "model": request["model"]}
            return 200, head | {"choices": choices, "usage": usage}

        def send(self, status, value, headers=()):
            content = json.dumps(value).encode()
            self.send_response(status)
            for name, said in {
                "Content-Type": "application/json",
                "Content-Length": str(len(content)),
                **dict(headers),
            }.items():
                self.send_header(name, said)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args):
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=http.serve_forever, daemon=True).start()
    try:
        yield server, f"http://127.0.0.1:{http.server_port}/v1"
    finally:
        http.shutdown()
        http.server_close()
