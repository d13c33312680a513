"""Real Firefox: Debian's, with fake devices, driven over WebDriver BiDi as Playwright drives Chromium."""

import os
import shlex
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, async_playwright

from tests.servers.sound import sound_system

FIREFOX = Path("/usr/bin/firefox-esr")
_RELAY = Path(__file__).with_name("bidi_relay.py")
_PREFERENCES: dict[str, str | float | bool] = {
    # No requests of its own.
    "app.normandy.enabled": False,
    "app.update.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "media.gmp-manager.updateEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,",
    # A camera and a microphone that nobody is asked about, on a machine that may have no network.
    "media.navigator.permission.disabled": True,
    "media.navigator.streams.fake": True,
    "media.peerconnection.ice.loopback": True,
    "media.peerconnection.ice.obfuscate_host_addresses": False,
    "permissions.default.camera": 1,
    "permissions.default.microphone": 1,
    # Sound plays in pages that nobody has touched yet, as in the Chromium of these tests.
    "media.autoplay.default": 0,
    "intl.accept_languages": "en-US",
}
_STARTED_WITHIN_MS = 120_000


@asynccontextmanager
async def firefox(folder: Path, *, is_shown: bool = False) -> AsyncIterator[Browser]:
    """Start Firefox, and a sound system for it. `folder` gets the program that starts it."""
    if not FIREFOX.exists():
        raise RuntimeError(
            f"These tests need {FIREFOX}: 'make test-packages' installs the package 'firefox-esr'."
        )
    program = folder / "firefox"
    program.write_text(f'#!/bin/sh\nexec {shlex.join([sys.executable, str(_RELAY), str(FIREFOX)])} "$@"\n')
    program.chmod(0o755)
    silent = folder / "sound"
    silent.mkdir()
    async with sound_system(silent) as sound, async_playwright() as playwright:
        browser = await playwright.firefox.launch(
            channel="moz-firefox",
            executable_path=program,
            firefox_user_prefs=_PREFERENCES,
            env={**os.environ, "PULSE_SERVER": sound},
            headless=not is_shown,
            timeout=_STARTED_WITHIN_MS,
        )
        yield browser
        await browser.close()
