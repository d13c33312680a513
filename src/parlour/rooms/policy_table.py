"""Generates the table of roles and actions in docs/security.md from the policy.

`python -m parlour.rooms.policy_table` writes it, with `--check` it fails where it differs.
"""

import sys
from pathlib import Path

from parlour.rooms.policy import Action, Role, refusal

SECURITY = Path(__file__).parents[3] / "docs" / "security.md"
BEGIN, END = "<!-- begin policy -->", "<!-- end policy -->"
_WITHOUT_ROOM = (Role.ANONYMOUS, Role.GUEST, Role.CLIENT)


def arises(action: Action, role: Role) -> bool:
    """Who creates a room has none yet."""
    return action is not Action.CREATE or role in _WITHOUT_ROOM


def cell(action: Action, role: Role, *, is_event: bool, is_listed: bool = True) -> str:
    if not arises(action, role):
        return "–"
    refused = refusal(action, role, is_event=is_event, is_listed=is_listed)
    return "yes" if refused is None else f"`{refused.code}`"


def table() -> str:
    lines = [
        f"| action | room | {' | '.join(role.value for role in Role)} |",
        f"| --- | --- |{' --- |' * len(Role)}",
    ]
    for action in Action:
        kinds = {"free": (False, True), "unlisted": (False, False), "event": (True, True)}
        rows = {
            name: " | ".join(cell(action, role, is_event=is_event, is_listed=is_listed) for role in Role)
            for name, (is_event, is_listed) in kinds.items()
        }
        if rows["unlisted"] == rows["free"]:
            del rows["unlisted"]
        if len(set(rows.values())) == 1:
            rows = {"any": rows["free"]}
        lines += [f"| {action.value} | {name} | {row} |" for name, row in rows.items()]
    return "\n".join(lines)


def with_table(document: str) -> str:
    before, _, rest = document.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


def main() -> int:
    present = SECURITY.read_text(encoding="utf-8")
    wanted = with_table(present)
    if "--check" not in sys.argv[1:]:
        SECURITY.write_text(wanted, encoding="utf-8")
        return 0
    if present != wanted:
        sys.stderr.write("docs/security.md is out of date: run `make generate`.\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
