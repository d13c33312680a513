"""Generates the table of roles and actions in docs/security.md from the policy.

`python -m parlour.rooms.policy_table` writes it, with `--check` it fails where it differs.
"""

import sys
from pathlib import Path

from parlour.rooms.access import RoomKind
from parlour.rooms.policy import POLICY, Action, Role

SECURITY = Path(__file__).parents[3] / "docs" / "security.md"
BEGIN, END = "<!-- begin policy -->", "<!-- end policy -->"


def cell(action: Action, role: Role, kind: RoomKind) -> str:
    row = POLICY[action][kind]
    if role not in row:
        return "–"
    refused = row[role]
    return "yes" if refused is None else f"`{refused.code}`"


def table() -> str:
    lines = [
        f"| action | room | {' | '.join(role.value for role in Role)} |",
        f"| --- | --- |{' --- |' * len(Role)}",
    ]
    for action in Action:
        rows = {kind.value: " | ".join(cell(action, role, kind) for role in Role) for kind in RoomKind}
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
