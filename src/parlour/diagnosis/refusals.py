"""The refusals of diagnosis."""

from parlour.errors import Refusal


class NotAnAdministrator(Refusal):
    code = "not_an_administrator"
    status = 403
