"""A `fovea serve` with tokens, and checks of its responses against its OpenAPI document."""

import http.client
import json
from urllib.parse import quote, urlencode

from jsonschema import Draft202012Validator, FormatChecker
from running_server import RunningServer

ADMIN, PREDICT = "admin-token-of-the-tests", "predict-token-of-the-tests"
VERBS = ("get", "put", "post", "delete", "patch")


class Server(RunningServer):
    def __init__(self, data_dir):
        super().__init__(
            data_dir, "--threads", "1", environment={"FOVEA_TOKENS": f"admin:{ADMIN},predict:{PREDICT}"}
        )

    def send(self, verb, path, body=None, fields=None, token=ADMIN):
        """The response, not yet read; the caller must close its connection."""
        connection = http.client.HTTPConnection(self.address, timeout=60)
        fields = dict(fields or {})
        if token:
            fields["Authorization"] = f"Bearer {token}"
        connection.request(verb, path, body, fields)
        response = connection.getresponse()
        response.connection = connection
        return response

    def request(self, *arguments, **options):
        response = self.send(*arguments, **options)
        body = response.read()
        response.connection.close()
        return response.status, response.headers, body


def closed(schema, opened=False):
    """The schema with every object closed: undescribed fields are errors. Members of an `allOf` stay open,
    since the other members add fields."""
    if isinstance(schema, list):
        return [closed(member) for member in schema]
    if not isinstance(schema, dict):
        return schema
    result = {}
    for key, value in schema.items():
        if key == "$ref":
            kind = "open" if opened else "schemas"
            result[key] = value.replace("/schemas/", f"/{kind}/")
        elif key == "allOf":
            result[key] = [closed(member, True) for member in value]
        elif key == "properties":
            result[key] = {name: closed(member) for name, member in value.items()}
        elif key in ("items", "additionalProperties", "oneOf", "anyOf"):
            result[key] = closed(value)
        else:
            result[key] = value
    bounded = "additionalProperties" in schema or "maxProperties" in schema
    if not opened and not bounded and ("properties" in schema or "allOf" in schema):
        result["unevaluatedProperties"] = False
    return result


class Document:
    """Calls operations by id and checks every response against the document."""

    def __init__(self, server):
        self.server = server
        self.raw = json.loads(server.request("GET", "/openapi.json", token=None)[2])
        schemas = self.raw["components"]["schemas"]
        self.components = {
            "schemas": {name: closed(schema) for name, schema in schemas.items()},
            "open": {name: closed(schema, True) for name, schema in schemas.items()},
        }
        self.operations = {}
        for path, item in self.raw["paths"].items():
            for verb in VERBS:
                if verb in item:
                    self.operations[item[verb]["operationId"]] = (verb, path, item[verb])
        self.seen = set()

    def follow(self, node):
        while "$ref" in node:
            found = self.raw
            for name in node["$ref"].removeprefix("#/").split("/"):
                found = found[name]
            node = found
        return node

    def responses(self, operation):
        """Status -> resolved response."""
        responses = self.operations[operation][2]["responses"]
        return {int(status): self.follow(response) for status, response in responses.items()}

    def successes(self):
        """(operation, status, media type) of every described success."""
        for operation in self.operations:
            for status, response in self.responses(operation).items():
                if status < 400:
                    for media in response.get("content", {"": None}):
                        yield operation, status, media

    def target(self, operation, query=None, **path):
        target = self.operations[operation][1].format(
            **{name: quote(str(value), safe="") for name, value in path.items()}
        )
        return target + ("?" + urlencode(query) if query else "")

    def call(self, operation, status=200, body=None, fields=None, query=None, **path):
        """The body of the response, decoded if it is JSON. `body` is the result of form(), or JSON."""
        fields = dict(fields or {})
        if isinstance(body, tuple):
            body, fields["Content-Type"] = body
        elif isinstance(body, (dict, list)):
            body, fields["Content-Type"] = json.dumps(body), "application/json"
        verb = self.operations[operation][0].upper()
        target = self.target(operation, query, **path)
        actual, headers, content = self.server.request(verb, target, body, fields)
        assert actual == status, (operation, actual, content[:2000])
        return self.check(operation, actual, headers, content)

    def check(self, operation, status, headers, content):
        response = self.responses(operation).get(status)
        assert response is not None, f"{operation} responded with {status}, which is not described"
        for name, header in response.get("headers", {}).items():
            required = self.follow(header).get("required", False)
            assert name in headers or not required, f"{operation} {status} has no {name}"
        described = response.get("content", {})
        media = headers.get("Content-Type", "").split(";")[0] if described else ""
        assert media in described or not (media or content), f"{operation} {status} is {media}"
        self.seen.add((operation, status, media))
        if not media.endswith("json"):
            return content
        value = json.loads(content)
        schema = {**closed(described[media]["schema"]), "components": self.components}
        errors = list(Draft202012Validator(schema, format_checker=FormatChecker()).iter_errors(value))
        text = "\n".join(f"{error.json_path}: {error.message[:500]}" for error in errors)
        assert not errors, f"{operation} {status} differs from its description:\n{text}"
        return value
