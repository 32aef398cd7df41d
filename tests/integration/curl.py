"""As much of curl as the README and docs use, for machines without it: -sS, -T FILE, -d TEXT, -d @FILE, -X, -o FILE."""

import sys
import urllib.error
import urllib.request

arguments = sys.argv[1:]
body = file = output = given = None
address = ""
while arguments:
    word = arguments.pop(0)
    if word == "-d":
        text = arguments.pop(0)
        body = open(text[1:], "rb").read() if text.startswith("@") else text.encode()  # noqa: SIM115
    elif word == "-X":
        given = arguments.pop(0)
    elif word == "-o":
        output = arguments.pop(0)
    elif word.startswith("-") and word.endswith("T"):
        file = arguments.pop(0)
    elif not word.startswith("-"):
        address = word
method = given or ("PUT" if file else "POST" if body else "GET")
if file:
    with open(file, "rb") as stream:
        body = stream.read()
headers = {} if method == "GET" else {"Content-Type": "application/x-www-form-urlencoded"}
# as curl does, without asking a resolver that may not be there
address = address.replace("localhost:", "127.0.0.1:", 1)
request = urllib.request.Request(f"http://{address}", body, headers, method=method)
try:
    with urllib.request.urlopen(request, timeout=90) as response:
        data = response.read()
    if output:
        with open(output, "wb") as stream:
            stream.write(data)
    else:
        sys.stdout.buffer.write(data)
except urllib.error.HTTPError as error:
    with error:
        sys.stdout.buffer.write(error.read())
