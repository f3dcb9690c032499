"""Results on HTP: what is kept is complete, and what is lost is seen."""

from tests.conformance import case_list, htp


def outcome(status, case="test_conv", arithmetic="int8"):
    return htp.Outcome(case=case, operator="Conv", arithmetic=arithmetic, status=status)


def test_every_operator_has_results():
    """Each of its chosen cases is tried in float16; nothing else is kept but whole operators."""
    found = htp.committed()["operators"]
    assert set(found) == set(case_list.committed()["operators"])
    tried = {case for cases in found.values() for case, kept in cases.items() if "fp16" in kept}
    assert set(htp.cases()) <= tried


def test_what_was_accepted_and_is_not_is_lost():
    """A refusal that was one before is none; nor is a case that nobody tried before."""
    kept = {"operators": {"Conv": {"test_conv": {"int8": htp.ACCEPTED, "fp16": {"status": htp.REFUSED}}}}}
    assert htp.lost(kept, [outcome(htp.REFUSED)]) == ["test_conv (int8)"]
    assert htp.lost(kept, [outcome(htp.ACCEPTED), outcome(htp.REFUSED, arithmetic="fp16")]) == []
    assert htp.lost(kept, [outcome(htp.INEXACT, case="test_other")]) == []


def test_refusals_are_told_once_by_kind():
    """Values differ, kinds and reasons do not."""
    message = "does not take all of /tmp/x/model.qdq.onnx: Max 'a': no; Max 'b': no; Erf 'c': none"
    assert htp._refusal(message) == "Max: no; Erf: none"
