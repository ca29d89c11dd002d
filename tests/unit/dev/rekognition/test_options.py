from pathlib import Path

import pytest

from dev.rekognition.options import read_options

NEEDED = ["--port", "8700", "--s3-endpoint", "http://127.0.0.1:9090", "--calls-log", "calls.jsonl"]


def test_it_serves_on_loopback_unless_told_otherwise():
    options = read_options(NEEDED)
    assert (options.host, options.port, options.calls_log) == ("127.0.0.1", 8700, Path("calls.jsonl"))


def test_quotas_are_calls_per_second_by_operation():
    assert read_options([*NEEDED, "--quotas", '{"DetectLabels": 20}']).quotas == {"DetectLabels": 20.0}


@pytest.mark.parametrize("quotas", ["20", "{DetectLabels: 20}", '{"DetectLabels": "many"}'])
def test_wrong_quotas_are_wrong_usage(quotas, capsys):
    with pytest.raises(SystemExit) as left:
        read_options([*NEEDED, "--quotas", quotas])
    assert left.value.code == 2
    assert "--quotas" in capsys.readouterr().err
