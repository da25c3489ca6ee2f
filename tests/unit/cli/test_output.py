"""What names that others chose may do to a terminal: nothing."""

import pytest

from cli.output import print_details, print_json, print_table, warn


def test_control_characters_are_replaced_for_people_but_kept_for_programs(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("Name",), [("\x1b[31mred\x9b2J\x07",)], "nothing")
    print_details({"title": "a\x1b]0;b", "labels": ["\x7f"]})
    shown = capsys.readouterr().out
    assert "\ufffd[31mred\ufffd2J\ufffd" in shown
    assert not set(shown) & set("\x1b\x9b\x07\x7f")
    warn("\x1b[1m")
    assert capsys.readouterr().err == "labkeeper: \ufffd[1m\n"
    print_json("\x9b")
    assert capsys.readouterr().out == '"\x9b"\n'


def test_line_ends_and_letters_of_every_language_stay(capsys: pytest.CaptureFixture[str]) -> None:
    print_details({"description": "Zwölf\n実験"})
    assert [line.split()[-1] for line in capsys.readouterr().out.splitlines()] == ["Zwölf", "実験"]
