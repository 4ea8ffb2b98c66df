"""deploy/monitoring: the dashboard and the rules name metrics that a server has."""

import re
import subprocess
import urllib.request

import pytest
import yaml
from files import DEPLOY, FOVEA, ROOT, documents, read_json, run
from running_server import form

RULES = documents("monitoring/fovea-rules.yml")[0]["groups"]
DASHBOARD = read_json("monitoring/grafana/dashboards/fovea.json")
pytestmark = pytest.mark.skipif(not FOVEA.exists(), reason=f"SKIPPED: {FOVEA} is not built")


def expressions():
    """(place, expression) of all queries."""
    for group in RULES:
        for rule in group["rules"]:
            yield rule.get("alert") or rule["record"], rule["expr"]
    for panel in DASHBOARD["panels"]:
        for target in panel.get("targets", []):
            yield panel["title"], target["expr"]


@pytest.fixture(scope="module")
def known_metrics(tmp_path_factory):
    """Families of /metrics: those of a running server, and those that appear only during or after a job."""
    server = subprocess.Popen(
        [FOVEA, "serve", "--port", "0", "--data-dir", tmp_path_factory.mktemp("data"), "--log-level", "off"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    try:
        url = re.search(r"http://\S+", server.stdout.readline())[0]
        body, kind = form(("file", (ROOT / "www/src/samples/ship.jpg").read_bytes(), "ship.jpg"))
        post = urllib.request.Request(url + "api/v1/predict", body, {"Content-Type": kind})
        urllib.request.urlopen(post, timeout=30).close()
        with urllib.request.urlopen(url + "metrics", timeout=30) as response:
            text = response.read().decode()
    finally:
        server.terminate()
        server.wait(30)
    families = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M))
    assert len(families) > 15
    documented = (ROOT / "docs" / "http-api.md").read_text()
    assert "`fovea_training_epoch`, `_loss`, `_accuracy`" in documented
    for name in ("fovea_training_loss", "fovea_training_accuracy"):
        families.setdefault(name, "gauge")
    for name in ("fovea_dataset_images", "fovea_training_jobs_total", "fovea_inference_rejected_total"):
        assert f"`{name}{{" in documented
        families.setdefault(name, "counter" if name.endswith("_total") else "gauge")
    for family, kind in list(families.items()):
        if kind == "histogram":
            families.update({f"{family}_{end}": "histogram" for end in ("bucket", "sum", "count")})
    return families


def test_every_metric_exists_and_is_used_according_to_its_type(known_metrics):
    recorded = {rule["record"] for group in RULES for rule in group["rules"] if "record" in rule}
    checked = 0
    for place, expression in expressions():
        for name in re.findall(r"\b(?:fovea|process)_[a-z0-9_]+\b", expression):
            assert name in known_metrics, f"{place}: {name}"
            checked += 1
            if name.endswith("_total"):
                assert re.search(rf"(rate|increase)\({name}\b", expression), (
                    f"{place}: a counter without rate"
                )
        for name in re.findall(r"\bfovea:[a-z0-9_:]+", expression):
            assert name in recorded, f"{place}: {name}"
    assert checked > 30


def test_promtool_accepts_the_rules():
    run("promtool", "check", "rules", DEPLOY / "monitoring" / "fovea-rules.yml")


def test_promtool_accepts_every_query_of_the_dashboard(tmp_path):
    def rule(index, expression):
        return {"record": f"panel{index}", "expr": expression.replace("$__rate_interval", "5m")}

    rules = [rule(i, expression) for i, (_, expression) in enumerate(expressions())]
    path = tmp_path / "panels.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    run("promtool", "check", "rules", "--lint=none", path)


def test_promtool_accepts_the_configuration(tmp_path):
    config = documents("monitoring/prometheus.yml")[0]
    token = tmp_path / "token"
    token.write_text("a" * 16)
    config["scrape_configs"][0]["authorization"]["credentials_file"] = str(token)
    config["rule_files"] = [str(DEPLOY / "monitoring" / name) for name in config["rule_files"]]
    path = tmp_path / "prometheus.yml"
    path.write_text(yaml.safe_dump(config))
    run("promtool", "check", "config", path)


def test_panels_do_not_overlap():
    used = {}
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert used.setdefault((x, y), panel["title"]) == panel["title"]
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"]) > 15
