"""uv gets what is configured for pip on this machine."""

from dev.install.pip_settings import for_uv, read_settings

LISTED = """\
global.cert='/etc/machine.pem'
global.index-url='https://one.invalid/simple'
install.index-url='https://two.invalid/simple'
global.extra-index-url='\\nhttps://three.invalid/simple\\nhttps://four.invalid/simple'
freeze.timeout='10'
:env:.default-timeout='180'
"""


def test_the_settings_of_installing_are_read_and_the_environment_wins():
    read = read_settings(LISTED + ":env:.cert='/etc/mine.pem'\n")
    assert "https://two.invalid/simple" == read["index-url"]
    assert "/etc/mine.pem" == read["cert"]
    assert "180" == read["timeout"]


def test_indexes_certificates_and_time_limits_reach_uv():
    uv = for_uv(read_settings(LISTED), {})
    assert "https://two.invalid/simple" == uv["UV_DEFAULT_INDEX"]
    assert "https://three.invalid/simple https://four.invalid/simple" == uv["UV_INDEX"]
    assert "/etc/machine.pem" == uv["SSL_CERT_FILE"]
    assert "180" == uv["UV_HTTP_TIMEOUT"]


def test_a_folder_that_is_not_there_is_passed_over_as_pip_does(tmp_path):
    assert str(tmp_path) == for_uv({"find-links": f"{tmp_path} {tmp_path}/missing"}, {})["UV_FIND_LINKS"]
    assert "UV_FIND_LINKS" not in for_uv({"find-links": f"{tmp_path}/missing"}, {})


def test_a_switch_that_is_off_stays_off():
    assert "1" == for_uv({"no-index": "true"}, {})["UV_NO_INDEX"]
    assert "UV_NO_INDEX" not in for_uv({"no-index": "false"}, {})


def test_what_the_user_has_set_for_uv_itself_stays():
    mine = {"UV_DEFAULT_INDEX": "https://mine.invalid/simple", "PATH": "/bin"}
    assert mine.items() <= for_uv(read_settings(LISTED), mine).items()
