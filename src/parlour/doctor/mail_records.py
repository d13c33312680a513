"""The check of the DNS records by which other mail servers judge the sender: MX, SPF, DKIM and DMARC."""

import asyncio

import dns.asyncresolver
import dns.exception
import dns.resolver

from parlour.doctor.findings import Finding, Report
from parlour.mail.smtp import parsed_sender
from parlour.settings import Settings

ANSWER_SECONDS = 8.0
_RESERVED = (
    *(".example", ".invalid", ".localhost", ".test", ".local", ".internal", ".home.arpa"),
    *(".example.com", ".example.net", ".example.org"),
)
"""Names that the public DNS does not have, or only as examples (RFC 2606, RFC 6761, RFC 6762, RFC 8375)."""


class MailRecordsCheck:
    """The domain of the sender has the records without which mails are taken for spam."""

    name = "mail records"

    def __init__(self, settings: Settings, *, resolver: dns.asyncresolver.Resolver | None = None) -> None:
        """`resolver` None asks the servers that the system asks."""
        self._settings = settings
        self._resolver = resolver

    async def run(self) -> list[Finding]:
        report = Report(self.name)
        domain = parsed_sender(self._settings.mail_from).domain.lower()
        if self._settings.smtp_url is None:
            report.skipped("no mail server is set, so no mail is sent.")
        elif "." not in domain or f".{domain}".endswith(_RESERVED):
            report.skipped(f"{domain} is no name of the public DNS.")
        else:
            await self._look_up(report, domain)
        return report.findings

    async def _look_up(self, report: Report, domain: str) -> None:
        try:
            lookup = _Lookup(self._resolver or dns.asyncresolver.Resolver())
            mx, texts, dkim, dmarc = await asyncio.gather(
                lookup.ask(domain, "MX"),
                lookup.ask(domain, "TXT"),
                lookup.ask(f"_domainkey.{domain}", "TXT"),
                lookup.dmarc(domain),
            )
        except dns.exception.DNSException as error:
            report.skipped(f"the DNS does not answer for {domain} ({type(error).__name__}).")
            return
        if texts is None:
            report.warn(
                f"the domain {domain} does not exist, so mail servers refuse mails from it.",
                "Set PARLOUR_MAIL_FROM to an address of a domain of yours.",
            )
            return
        _say_spf(report, domain, [text for text in texts if _is_spf(text)])
        _say_dkim(report, domain, exists=dkim is not None)
        _say_dmarc(report, domain, dmarc)
        if mx:
            report.ok(f"{domain} takes mail (MX).")
        else:
            report.warn(
                f"{domain} has no MX record, so answers and mails that come back may be lost.",
                f"Add an MX record for {domain} with the server that takes its mail, or send from a domain "
                "that has one.",
            )


class _Lookup:
    """Asks for records; a name that does not exist is None, one without such records an empty list."""

    def __init__(self, resolver: dns.asyncresolver.Resolver) -> None:
        self._resolver = resolver

    async def ask(self, name: str, kind: str) -> list[str] | None:
        """Raises DNSException where nobody answers, or only with an error."""
        try:
            answer = await self._resolver.resolve(name, kind, search=False, lifetime=ANSWER_SECONDS)
        except dns.resolver.NXDOMAIN:
            return None
        except dns.resolver.NoAnswer:
            return []
        if kind != "TXT":
            return [record.to_text() for record in answer]
        return [b"".join(record.strings).decode("ascii", "replace") for record in answer]

    async def dmarc(self, domain: str) -> str | None:
        """Find the policy for the domain, or else for the domains above it, up to that of two labels."""
        labels = domain.split(".")
        for first in range(len(labels) - 1):
            found = await self.ask(f"_dmarc.{'.'.join(labels[first:])}", "TXT") or []
            for text in found:
                if text.replace(" ", "").lower().startswith("v=dmarc1"):
                    return text
        return None


def _is_spf(text: str) -> bool:
    """RFC 7208, section 4.5."""
    return text.lower() == "v=spf1" or text.lower().startswith("v=spf1 ")


def _say_spf(report: Report, domain: str, records: list[str]) -> None:
    if not records:
        report.warn(
            f"no SPF record for {domain}: mails may be taken for spam.",
            f"Add a TXT record for {domain} that names the servers that send its mail, such as "
            '"v=spf1 mx -all".',
        )
    elif len(records) > 1:
        report.warn(
            f"{domain} has {len(records)} SPF records, so mail servers believe none.",
            "Make them one TXT record that begins with v=spf1.",
        )
    elif {"all", "+all"} & set(records[0].lower().split()):
        report.warn(
            f"the SPF record of {domain} lets every server send its mail.",
            "Name the servers that do, and end it with -all.",
        )
    else:
        report.ok(
            f"{domain} has an SPF record ({records[0]}): it has to include the mail server that is set."
        )


def _say_dkim(report: Report, domain: str, *, exists: bool) -> None:
    """Nobody knows the names of keys before a mail tells; but no name is below one that does not exist.

    See RFC 8020.
    """
    if exists:
        report.ok(f"{domain} has DKIM keys (_domainkey).")
    else:
        report.warn(
            f"no DKIM keys for {domain}: mails may be taken for spam.",
            "Turn on DKIM at the mail server, and add the TXT record that it shows, at "
            f"<selector>._domainkey.{domain}.",
        )


def _say_dmarc(report: Report, domain: str, record: str | None) -> None:
    if record is not None:
        report.ok(f"{domain} has a DMARC policy.")
    else:
        report.warn(
            f"no DMARC policy for {domain}: large mail services may refuse its mails.",
            f'Add a TXT record at _dmarc.{domain}, such as "v=DMARC1; p=none" to begin with.',
        )
