"""The recipes of cloud providers against the descriptions that the providers' client libraries contain."""

import json
import re
import sys
import typing
from collections.abc import MutableMapping
from pathlib import Path

import botocore.session
import botocore.validate
import googleapiclient
import jsonschema
import pytest
from azure.mgmt.appcontainers import models
from files import documents, read_json

CONTAINERS = {
    "aws-ecs": read_json("aws-ecs/task-definition.json")["containerDefinitions"][0],
    "cloud-run": documents("cloud-run/service.yaml")[0]["spec"]["template"]["spec"]["containers"][0],
    "azure": documents("azure/containerapp.yaml")[0]["properties"]["template"]["containers"][0],
}


@pytest.mark.parametrize(
    ("file", "operation"),
    [("task-definition.json", "RegisterTaskDefinition"), ("service.json", "CreateService")],
)
def test_botocore_accepts_the_parameters(file, operation):
    model = botocore.session.get_session().get_service_model("ecs").operation_model(operation)
    report = botocore.validate.ParamValidator().validate(read_json(f"aws-ecs/{file}"), model.input_shape)
    assert not report.has_errors(), report.generate_report()


def test_the_ecs_service_uses_the_container_of_the_task():
    balancer = read_json("aws-ecs/service.json")["loadBalancers"][0]
    container = CONTAINERS["aws-ecs"]
    assert balancer["containerName"] == container["name"]
    assert balancer["containerPort"] == container["portMappings"][0]["containerPort"]
    volumes = {volume["name"] for volume in read_json("aws-ecs/task-definition.json")["volumes"]}
    assert {mount["sourceVolume"] for mount in container["mountPoints"]} == volumes


def strict(schema):
    """A schema of Google's discovery format as JSON schema that rejects unknown members."""
    if isinstance(schema, list):
        return [strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    result = {
        key: strict(value) for key, value in schema.items() if key not in {"id", "description", "format"}
    }
    if result.get("type") == "object" and "additionalProperties" not in result:
        result["additionalProperties"] = False
    if isinstance(result.get("$ref"), str):
        result["$ref"] = f"#/schemas/{result['$ref']}"
    return result


def test_the_schema_of_cloud_run_accepts_the_service():
    path = Path(googleapiclient.__file__).parent / "discovery_cache" / "documents" / "run.v1.json"
    schemas = {name: strict(schema) for name, schema in json.loads(path.read_text())["schemas"].items()}
    validator = jsonschema.Draft7Validator({"$ref": "#/schemas/Service", "schemas": schemas})
    service = documents("cloud-run/service.yaml")[0]
    assert not [error.message for error in validator.iter_errors(service)]
    service["spec"]["template"]["spec"]["volumez"] = []
    assert not validator.is_valid(service)


def unknown_members(value, kind, path):
    """Members of `value` that the model of Azure's library does not have, and values outside of its enums."""
    arguments = [each for each in typing.get_args(kind) if each is not type(None)]
    if typing.get_origin(kind) is typing.Union:
        known = [each for each in arguments if each is not str] or arguments
        yield from unknown_members(value, known[0], path)
    elif typing.get_origin(kind) is list:
        for index, item in enumerate(value):
            yield from unknown_members(item, arguments[0], f"{path}[{index}]")
    elif isinstance(kind, type) and issubclass(kind, MutableMapping):
        kind.__new__(kind)  # fills the table of members
        hints = typing.get_type_hints(kind, sys.modules[kind.__module__].__dict__ | {"_models": models})
        fields = {field._rest_name: hints[name] for name, field in kind._attr_to_rest_field.items()}
        for name, member in value.items():
            if name in fields:
                yield from unknown_members(member, fields[name], f"{path}.{name}")
            else:
                yield f"{path}.{name}"
    elif hasattr(kind, "__members__") and value not in {each.value for each in kind}:
        yield f"{path} = {value}"


def test_the_models_of_azure_have_all_members():
    app = documents("azure/containerapp.yaml")[0]
    assert list(unknown_members(app, models.ContainerApp, "app")) == []
    app["properties"]["template"]["containers"][0]["probez"] = []
    assert list(unknown_members(app, models.ContainerApp, "app")) == [
        "app.properties.template.containers[0].probez"
    ]


def test_azure_gets_a_valid_combination_of_cpu_and_memory():
    resources = CONTAINERS["azure"]["resources"]
    assert resources["memory"] == f"{2 * resources['cpu']:g}Gi"
    secrets = {
        each["name"]
        for each in documents("azure/containerapp.yaml")[0]["properties"]["configuration"]["secrets"]
    }
    assert {each["secretRef"] for each in CONTAINERS["azure"]["env"]} == secrets


def test_the_blueprint_of_render_has_only_known_members():
    """The schema of Render is not in a package; these are the members of its documentation that we use."""
    service = documents("render/render.yaml")[0]["services"][0]
    assert set(service) == {
        *("type", "name", "runtime", "image", "plan", "region", "numInstances", "dockerCommand"),
        *("healthCheckPath", "envVars", "disk"),
    }
    assert service["runtime"] == "image" and set(service["image"]) == {"url"}
    assert set(service["disk"]) == {"name", "mountPath", "sizeGB"}
    assert service["numInstances"] == 1  # a disk belongs to one instance


@pytest.mark.parametrize("name", CONTAINERS)
def test_every_recipe_shares_data_and_gets_its_secrets_from_a_store(name):
    container = CONTAINERS[name]
    secrets = container.get("secrets") or container["env"]
    assert {entry["name"] for entry in secrets} == {"FOVEA_DATABASE_URL", "FOVEA_TOKENS"}
    assert all("value" not in entry for entry in secrets)
    mounts = container.get("volumeMounts") or container["mountPoints"]
    assert [mount.get("mountPath") or mount["containerPath"] for mount in mounts] == ["/data"]
    arguments = container.get("args") or container["command"]
    assert "--host=0.0.0.0" in arguments and any(re.match("--trusted-proxy=", each) for each in arguments)
