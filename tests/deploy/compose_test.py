"""deploy/compose/compose.yaml: schema, and what a schema does not check."""

import re

import pytest
from files import DEPLOY, documents, run, tool

COMPOSE = documents("compose/compose.yaml")[0]
CONTAINERS = COMPOSE["services"]
ENTRIES = list(CONTAINERS.values())
SERVERS = ["fovea-1", "fovea-2", "fovea-3"]


def address(name, network):
    return CONTAINERS[name]["networks"][network]["ipv4_address"]


def test_the_compose_specification_accepts_the_file():
    run(
        tool("check-jsonschema"),
        "--builtin-schema",
        "vendor.compose-spec",
        DEPLOY / "compose" / "compose.yaml",
    )


@pytest.mark.parametrize("name", CONTAINERS)
def test_a_service_has_limits_and_few_rights(name):
    entry = CONTAINERS[name]
    limits = entry["deploy"]["resources"]["limits"]
    assert re.fullmatch(r"\d+[MG]", limits["memory"]) and float(limits["cpus"]) > 0
    assert entry["read_only"] is True
    assert entry["cap_drop"] == ["ALL"]
    assert entry["security_opt"] == ["no-new-privileges:true"]
    assert not entry.get("user", "10001:10001").startswith("0")  # the image has a user
    assert "healthcheck" in entry
    assert ":latest" not in entry["image"] and ":" in entry["image"]


def test_names_that_are_used_are_defined():
    for entry in ENTRIES:
        assert set(entry["networks"]) <= set(COMPOSE["networks"])
        assert set(entry.get("secrets", [])) <= set(COMPOSE["secrets"])
        assert set(entry.get("depends_on", [])) <= set(CONTAINERS)
        for volume in entry.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("."):
                assert (DEPLOY / "compose" / source).exists(), source
            else:
                assert source in COMPOSE["volumes"], source


def test_make_secrets_writes_every_secret():
    script = (DEPLOY / "compose" / "make-secrets").read_text()
    written = set(re.findall(r"write ([a-z-]+) \d+", script))
    assert written == {secret["file"].removeprefix("./secrets/") for secret in COMPOSE["secrets"].values()}


def test_secrets_belong_to_the_user_of_their_container():
    script = (DEPLOY / "compose" / "make-secrets").read_text()
    owners = dict(re.findall(r"write ([a-z-]+) (\d+)", script))
    for entry in ENTRIES:
        user = entry.get("user", "10001:10001").split(":")[0]
        for secret in entry.get("secrets", []):
            assert owners[secret] == user, secret


def test_nginx_knows_the_servers_and_the_servers_trust_nginx():
    upstream = (DEPLOY / "nginx" / "fovea-upstream.conf").read_text()
    named = re.findall(r"^ *server ([0-9.]+):8080", upstream, re.M)
    assert named == [address(name, "servers") for name in SERVERS]
    for name in SERVERS:
        assert f"--trusted-proxy={address('nginx', 'servers')}/32" in CONTAINERS[name]["command"]


def test_prometheus_reads_every_server():
    config = documents("monitoring/prometheus.yml")[0]["scrape_configs"][0]
    assert config["static_configs"][0]["targets"] == [f"{address(name, 'servers')}:8080" for name in SERVERS]


def test_the_database_is_not_reachable_from_outside():
    assert COMPOSE["networks"]["database"]["internal"] is True
    assert list(CONTAINERS["postgres"]["networks"]) == ["database"]
    assert "ports" not in CONTAINERS["postgres"]
    for name in [*SERVERS, "worker"]:
        url = CONTAINERS[name]["environment"]["FOVEA_DATABASE_URL"]
        assert f"@{address('postgres', 'database')}:5432/" in url
        assert not re.search(r"//[^/@]*:[^/@]*@", url), "a password in the environment"
