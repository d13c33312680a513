"""The callers of the fuzzed operations, loaded by schemathesis.

Cases log out everywhere, change the password, delete the account and remove the room. With a single account,
nearly all later cases would be answered 401 or 404 and test nothing. So a passer-by, whom another replaces
afterwards, calls operations that destroy an account, and a resident, whose rooms are rebuilt, all others.
"""

import atexit
import json
import os
import re
import secrets
from collections import Counter
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx
import schemathesis

PASSWORD = "correct horse battery"
"""The password in the examples of /openapi.json."""
ROOMS = {"Garden": True, "Terrace": False}
"""The rooms that `schemathesis.toml` names; True for an event."""
_BY_PASSERS_BY = ("/account/deletion", "/client/password", "/client/email", "/session", "/logout")


class Person:
    """An account that logs in, or registers once more, if its token no longer works."""

    def __init__(self, address: str, *, username: str, email: str) -> None:
        self._http = httpx.Client(base_url=address, timeout=60)
        self._username = username
        self._email = email
        self._token = ""
        self._doubts = True

    def token(self) -> str:
        if self._doubts:
            if not self._token or self.ask("GET", "/session").status_code != 200:
                self._log_in()
            self.settle()
            self._doubts = False
        return self._token

    def doubt(self) -> None:
        """Check the login and the rooms before the next case, since this case may have destroyed them."""
        self._doubts = True

    def settle(self) -> None:
        """Restore the state that cases need beyond a login."""

    def ask(self, method: str, path: str, body: object = None) -> httpx.Response:
        identity = {"Authorization": f"Bearer {self._token}"}
        return self._http.request(method, path, json=body, headers=identity)

    def _log_in(self) -> None:
        answer = self._say_password()
        if answer.status_code != 200:
            self._register()
            answer = self._say_password()
        self._token = answer.raise_for_status().json()["accessToken"]

    def _say_password(self) -> httpx.Response:
        self._http.cookies.clear()
        return self._http.post("/client/login", json={"username": self._username, "password": PASSWORD})

    def _register(self) -> None:
        body = {"email": self._email, "username": self._username, "password": PASSWORD}
        self._http.post("/client", json=body).raise_for_status()
        while (token := self._token_in_mail()) is None:
            pass
        self._http.put("/client/verify", params={"token": token}).raise_for_status()

    def _token_in_mail(self) -> str | None:
        for mail in self._http.get("/dev/mail", headers={"Accept": "application/json"}).json():
            found = re.search(r"/verifyclient/(\S+)", mail["text"])
            if mail["to"] == self._email and found:
                return found[1]
        return None


class Resident(Person):
    """The account of the examples, who restores the rooms of ROOMS after each case that may remove them."""

    def __init__(self, address: str) -> None:
        super().__init__(address, username="ann-lee", email="ann@example.org")

    def settle(self) -> None:
        for name, is_event in ROOMS.items():
            if self.ask("GET", f"/invitation?room={name}").is_success:
                continue
            room = {"name": name, "password": PASSWORD, "description": "", "creator": "ann-lee"}
            self.ask("POST", "/room", room).raise_for_status()
            if is_event:
                self.ask("POST", "/event", {"room": name}).raise_for_status()


class PasserBy(Person):
    """An account that a new account replaces as soon as it cannot log in any more."""

    def __init__(self, address: str) -> None:
        super().__init__(address, username="", email="")

    def _register(self) -> None:
        self._username = f"zoe-{secrets.token_hex(6)}"
        self._email = f"{self._username}@example.org"
        super()._register()


class Callers:
    """The accounts of a run; `answers` counts the answers by operation and status."""

    def __init__(self, address: str) -> None:
        self.answers: Counter[str] = Counter()
        self._address = address
        self._resident = Resident(address)
        self._passer_by = PasserBy(address)
        self._ours: set[str] = set()

    def token(self, path: str) -> str:
        token = self._of(path).token()
        self._ours.add(f"Bearer {token}")
        return token

    def renewed(self, path: str, identity: str) -> str:
        """Replace an old token of ours by a valid token; leave tokens that the case made up."""
        return f"Bearer {self.token(path)}" if identity in self._ours else identity

    def hear(self, method: str, path: str, status: int) -> None:
        """Count an answer, and doubt the account whose state the case may have destroyed."""
        self.answers[f"{method} {path} {status}"] += 1
        if path == "/client/password" and status == HTTPStatus.OK:
            self._passer_by = PasserBy(self._address)  # the case has set an unknown password
        if (
            status == HTTPStatus.UNAUTHORIZED
            or path in ("/room/remove", "/room/ban")
            or self._of(path) is self._passer_by
        ):
            self._of(path).doubt()

    def _of(self, path: str) -> Person:
        return self._passer_by if path.startswith(_BY_PASSERS_BY) else self._resident


def introduce(callers: Callers, answers: Path) -> None:
    """Register the hooks of schemathesis, which imports this module; write `answers` when it exits."""
    atexit.register(lambda: answers.write_text(json.dumps(callers.answers)))

    @schemathesis.auth(refresh_interval=None)
    class Login:
        def get(self, case: schemathesis.Case[Any], context: schemathesis.AuthContext) -> str:
            return callers.token(context.operation.path)

        def set(self, case: schemathesis.Case[Any], token: str, context: schemathesis.AuthContext) -> None:
            case.headers["Authorization"] = f"Bearer {token}"

    @schemathesis.hook
    def before_call(
        context: schemathesis.HookContext, case: schemathesis.Case[Any], kwargs: dict[str, Any]
    ) -> None:
        identity = case.headers.get("Authorization")
        if isinstance(identity, str):
            case.headers["Authorization"] = callers.renewed(case.operation.path, identity)

    @schemathesis.hook
    def after_call(
        context: schemathesis.HookContext, case: schemathesis.Case[Any], response: schemathesis.Response
    ) -> None:
        callers.hear(case.method, case.operation.path, response.status_code)


introduce(Callers(os.environ["FUZZED_SERVER"]), Path(os.environ["FUZZED_ANSWERS"]))
