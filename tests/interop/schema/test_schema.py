"""The JSON Schema against a validator nobody here wrote: it takes what the program takes, and refuses what a schema can see."""
import json
import os
import pathlib
import subprocess

import jsonschema
import pytest
import yaml

SOURCE = pathlib.Path(os.environ.get("TOMBOLO_SOURCE_DIR", pathlib.Path(__file__).resolve().parents[3]))
SCHEMA = json.loads((SOURCE / "schema/tombolo.schema.json").read_text())
DATA = SOURCE / "tests/data/spec"

# Faults that lie between fields, or in how the YAML is written, which no schema can express.
ONLY_THE_PROGRAM_SEES = {
    "backup_without_target", "certificates_newer_than_nebula", "duplicate_keys", "every_network_overlaps",
    "members_that_do_not_fit", "mesh_is_the_k3s_pod_network", "mesh_of_a_strange_size", "namespaces_that_run_home",
    "no_lighthouse_and_no_home", "overlap_with_a_default", "port_of_flannel", "target_without_backup",
    "worker_pools_that_do_not_fit", "worker_range_outside_the_mesh", "zones_of_another_region",
}
# Not one YAML document at all.
NO_DOCUMENT = {"tabs", "two_documents"}


def faults(path):
    validator = jsonschema.Draft202012Validator(SCHEMA)
    return [f"{'/'.join(map(str, e.absolute_path))}: {e.message}" for e in validator.iter_errors(yaml.safe_load(path.read_text()))]


def test_the_schema_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_the_program_prints_this_schema(program):
    assert json.loads(subprocess.run([program, "schema"], check=True, capture_output=True, text=True).stdout) == SCHEMA


@pytest.mark.parametrize("path", [*sorted((SOURCE / "examples").glob("*.yaml")), *sorted((DATA / "good").glob("*.yaml"))], ids=lambda p: p.stem)
def test_good_files_are_accepted(path):
    assert faults(path) == []


@pytest.mark.parametrize("path", sorted((DATA / "bad").glob("*.yaml")), ids=lambda p: p.stem)
def test_bad_files_are_refused(path):
    if path.stem in NO_DOCUMENT:
        with pytest.raises(yaml.YAMLError):
            faults(path)
    elif path.stem in ONLY_THE_PROGRAM_SEES:
        assert faults(path) == []
    else:
        assert faults(path) != []


def test_every_field_has_a_description():
    """A field without a description helps nobody in an editor."""
    def walk(node, path):
        for key, value in node.get("properties", {}).items():
            assert value.get("description"), f"{path}.{key}"
            walk(value, f"{path}.{key}")
            walk(value.get("items", {}), f"{path}.{key}[]")
    walk(SCHEMA, "")
