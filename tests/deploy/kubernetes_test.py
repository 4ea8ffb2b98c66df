"""deploy/kubernetes: schemas of two Kubernetes versions, and references between the objects."""

import shutil

import kubernetes_validate
import pytest
import yaml
from files import DEPLOY, documents, run

BASE = [
    document
    for name in documents("kubernetes/base/kustomization.yaml")[0]["resources"]
    for document in documents(f"kubernetes/base/{name}")
]
OTHERS = documents("kubernetes/training-job.yaml") + documents("kubernetes/secret.example.yaml")


def objects(kind):
    return {entry["metadata"]["name"]: entry for entry in BASE if entry["kind"] == kind}


def name_of(entry):
    return f"{entry['kind']} {entry['metadata'].get('name') or entry['metadata']['generateName']}"


def pod_templates():
    for entry in BASE + OTHERS:
        if entry["kind"] in {"Deployment", "Job"}:
            yield pytest.param(entry["spec"]["template"], id=name_of(entry))


@pytest.mark.parametrize("version", ["1.28", "1.34"])
@pytest.mark.parametrize("entry", BASE + OTHERS, ids=name_of)
def test_the_schema_accepts_the_object(entry, version):
    kubernetes_validate.validate(entry, version, strict=True)


def test_the_schemas_reject_unknown_members():
    broken = {**objects("Service")["fovea"], "spec": {"portz": []}}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, "1.34", strict=True)


@pytest.mark.parametrize("template", pod_templates())
def test_a_pod_satisfies_the_restricted_policy_with_a_read_only_root(template):
    spec = template["spec"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"]["type"] == "RuntimeDefault"
    assert spec["automountServiceAccountToken"] is False
    for container in spec["containers"]:
        rights = container["securityContext"]
        assert rights["readOnlyRootFilesystem"] is True and rights["allowPrivilegeEscalation"] is False
        assert rights["capabilities"] == {"drop": ["ALL"]}
        assert "memory" in container["resources"]["limits"]
        volumes = {volume["name"] for volume in spec["volumes"]}
        assert {mount["name"] for mount in container["volumeMounts"]} <= volumes


def test_selectors_match_the_pods():
    labels = {
        name: entry["spec"]["template"]["metadata"]["labels"] for name, entry in objects("Deployment").items()
    }

    def selected(selector):
        return [name for name, pod in labels.items() if selector.items() <= pod.items()]

    for name, deployment in objects("Deployment").items():
        assert selected(deployment["spec"]["selector"]["matchLabels"]) == [name]
    assert selected(objects("Service")["fovea"]["spec"]["selector"]) == ["fovea-server"]
    budget = objects("PodDisruptionBudget")["fovea-server"]
    assert selected(budget["spec"]["selector"]["matchLabels"]) == ["fovea-server"]
    for name, policy in objects("NetworkPolicy").items():
        assert selected(policy["spec"]["podSelector"]["matchLabels"]) == [name]


def test_references_name_existing_objects():
    claims, ports = objects("PersistentVolumeClaim"), set()
    secret = OTHERS[-1]
    for deployment in objects("Deployment").values():
        spec = deployment["spec"]["template"]["spec"]
        assert spec["serviceAccountName"] in objects("ServiceAccount")
        for volume in spec["volumes"]:
            if "persistentVolumeClaim" in volume:
                assert volume["persistentVolumeClaim"]["claimName"] in claims
            for item in volume.get("secret", {}).get("items", []):
                assert item["key"] in secret["stringData"]
        for container in spec["containers"]:
            ports |= {port["name"] for port in container.get("ports", [])}
            for variable in container.get("env", []):
                if "valueFrom" in variable:
                    reference = variable["valueFrom"]["secretKeyRef"]
                    assert reference["name"] == secret["metadata"]["name"]
                    assert reference["key"] in secret["stringData"]
    offered = objects("Service")["fovea"]["spec"]["ports"]
    assert {port["targetPort"] for port in offered} <= ports
    backend = objects("Ingress")["fovea"]["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]
    assert backend["name"] in objects("Service")
    assert backend["port"]["name"] in {port["name"] for port in offered}
    target = objects("HorizontalPodAutoscaler")["fovea-server"]["spec"]["scaleTargetRef"]
    assert target["name"] in objects(target["kind"])


def test_the_data_directory_is_shared():
    claim = objects("PersistentVolumeClaim")["fovea-data"]
    assert claim["spec"]["accessModes"] == ["ReadWriteMany"]


def test_an_update_never_leaves_fewer_servers_than_the_budget():
    autoscaler = objects("HorizontalPodAutoscaler")["fovea-server"]["spec"]
    budget = objects("PodDisruptionBudget")["fovea-server"]["spec"]
    assert autoscaler["minReplicas"] > budget["minAvailable"] >= 1
    assert "replicas" not in objects("Deployment")["fovea-server"]["spec"]


def test_the_autoscaler_uses_the_metric_of_the_adapter_rule():
    metric = objects("HorizontalPodAutoscaler")["fovea-server"]["spec"]["metrics"][0]["pods"]["metric"][
        "name"
    ]
    rule = documents("kubernetes/prometheus-adapter-rule.yaml")[0]["rules"]["custom"][0]
    assert rule["seriesQuery"].startswith(metric + "{")


@pytest.mark.skipif(shutil.which("kustomize") is None, reason="SKIPPED: kustomize is not installed")
def test_kustomize_renders_the_overlay(tmp_path):
    shutil.copytree(DEPLOY / "kubernetes", tmp_path / "kubernetes")
    overlay = tmp_path / "kubernetes" / "overlays" / "production"
    (overlay / "secrets").mkdir(exist_ok=True)
    (overlay / "secrets" / "database-url").write_text("postgres://fovea:p@db:5432/fovea")
    (overlay / "secrets" / "tokens").write_text("admin:" + "a" * 16)
    rendered = list(yaml.safe_load_all(run("kustomize", "build", overlay).stdout))
    assert len(rendered) == len(BASE) + 1
    for entry in rendered:
        kubernetes_validate.validate(entry, "1.34", strict=True)
        if entry["kind"] != "Namespace":
            assert entry["metadata"]["namespace"] == "fovea"
    images = {
        container["image"]
        for entry in rendered
        if entry["kind"] == "Deployment"
        for container in entry["spec"]["template"]["spec"]["containers"]
    }
    assert images == {"registry.example.org/fovea:0.1.0"}
