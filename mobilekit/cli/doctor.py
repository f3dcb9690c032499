"""``mobilekit doctor``: what works on this machine."""

from __future__ import annotations

from dataclasses import asdict

from mobilekit.cli.options import Json
from mobilekit.errors import EnvironmentProblem


def doctor(as_json: Json = False) -> None:
    """Say what works on this machine: libraries, runtimes, processor, disk."""
    from mobilekit.cli.output import print_json
    from mobilekit.doctor import examine

    findings = examine()
    if as_json:
        print_json([asdict(finding) for finding in findings])
    width = max((len(finding.name) for finding in findings), default=0)
    for finding in () if as_json else findings:
        print(f"{finding.name:<{width}}  {finding.status:<8}  {finding.detail}")
    broken = [finding.name for finding in findings if finding.status == "broken"]
    if broken:
        message = f"broken on this machine: {', '.join(broken)}"
        raise EnvironmentProblem(message, hint="install mobilekit again, in an environment of its own")
