"""Requests to the servers of a fleet, and load on it."""

import http.client
import io
import json
import tarfile
import zipfile
from urllib.parse import urlsplit

from fleet import ADMIN
from load import IMAGE
from running_server import HANDS


def send(url, path, body=None, verb=None, fields=None, timeout=60):
    """Status, header fields and body of the response; one connection for each request."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=timeout)
    fields = {"Authorization": f"Bearer {ADMIN}", **(fields or {})}
    if isinstance(body, dict):
        body, fields["Content-Type"] = json.dumps(body), "application/json"
    try:
        connection.request(verb or ("GET" if body is None else "POST"), path, body, fields)
        response = connection.getresponse()
        return response.status, response.headers, response.read()
    finally:
        connection.close()


def get(url, path, status=200, **options):
    """The JSON of the response, whose status must be as given."""
    code, _, body = send(url, path, **options)
    assert code == status, (code, body)
    return json.loads(body)


def predict(url):
    return get(url, "/api/v1/predict", body=IMAGE, fields={"Content-Type": "image/jpeg"})


def hand_signs(per_class, classes=2):
    """A zip of class folders with photographs of hand signs."""
    chosen = {}
    with tarfile.open(HANDS) as tar:
        for member in sorted(tar.getmembers(), key=lambda m: m.name):
            if member.isfile() and member.name.lower().endswith(".jpg"):
                images = chosen.setdefault(member.name.split("/")[-2], [])
                if len(images) < per_class:
                    images.append(tar.extractfile(member).read())
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for label in sorted(chosen)[:classes]:
            for i, image in enumerate(chosen[label]):
                archive.writestr(f"hand-{label}/{i}.jpg", image)
    return out.getvalue()


def events(url, path, after=None, seconds=120):
    """The server-sent events of a stream as (id, name, data), until it ends or the server is gone."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=seconds)
    fields = {"Authorization": f"Bearer {ADMIN}"}
    if after is not None:
        fields["Last-Event-ID"] = str(after)
    connection.request("GET", path, headers=fields)
    response = connection.getresponse()
    assert response.status == 200, response.read()
    event = {}
    try:
        for line in response:
            text = line.decode().rstrip("\n")
            name, _, value = text.partition(": ")
            if text and name:
                event[name] = value
            elif not text and "data" in event:
                yield event.get("id"), event.get("event"), json.loads(event["data"])
                event = {}
    except (http.client.IncompleteRead, ConnectionError):
        return
    finally:
        connection.close()
