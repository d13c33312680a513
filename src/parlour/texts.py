"""The sentences of all refusals, by their codes: data, so that `python -OO` keeps them.

The web client has them in other languages: src/texts/*.json, as `refusal.` and the code.
"""

from collections.abc import Mapping

_REFUSALS = (
    # any domain
    ("invalid_request", "Some of this isn't valid. Please check it and try again."),
    ("identity_required", "Please log in first."),
    ("invalid_token", "This session is no longer valid. Please log in again."),
    ("not_the_caller", "You can't act on behalf of someone else."),
    ("origin_not_allowed", "Parlour can't be used at this address."),
    ("preflight_refused", "This website isn't allowed to send requests here."),
    ("not_an_administrator", "Only this server's administrators can do this."),
    ("not_found", "There is nothing at this address."),
    ("method_not_allowed", "This address doesn't support that method."),
    ("malformed_request", "This isn't a valid HTTP request."),
    ("head_too_large", "The address or the headers of the request are too large."),
    ("request_too_large", "The request is too large."),
    ("rate_limited", "You're doing that too often. Please wait a moment and try again."),
    ("busy", "Too many people are logging in right now. Please try again in a few seconds."),
    ("internal_error", "Something went wrong on the server. It has been logged; please try again."),
    ("unavailable", "Parlour can't do this right now. Please try again in a moment."),
    ("draining", "This server is about to stop, and other servers go on in its place."),
    # accounts
    ("email_taken", "This email address is already in use."),
    ("username_taken", "This username is already taken."),
    ("registration_closed", "New accounts can't be created here. Ask this server's administrator for one."),
    ("invitation_required", "Only people who have been invited to a room can sign up here."),
    ("email_domain_not_allowed", "This server doesn't accept email addresses at this domain."),
    ("already_verified", "This email address has already been confirmed."),
    ("invalid_verification", "This link is invalid or has expired. Please ask for a new one."),
    (
        "registration_not_proven",
        "Enter the password you chose when you signed up, to confirm that it was you.",
    ),
    (
        "email_change_not_proven",
        "Log in to the account that will use this address, then open the link again.",
    ),
    ("user_not_found", "There is no such user."),
    ("account_disabled", "This account has been disabled. Please contact this server's administrator."),
    ("wrong_credentials", "The username or password is incorrect."),
    ("not_verified", "Please confirm your email address first: open the link in the email we sent you."),
    ("no_refresh_token", "There is no session to continue. Please log in."),
    ("session_over", "Your session has ended. Please log in again."),
    ("session_not_found", "This session doesn't exist."),
    ("logged_out", "You have logged out."),
    ("session_ended", "This session was ended from another device."),
    ("session_replaced", "You have logged in again in this browser."),
    ("wrong_password", "That isn't your password."),
    ("without_password", "Guests don't have a password, and a guest account ends by itself."),
    ("password_changed", "Your password was changed. Please log in with the new one."),
    ("email_changed", "Your email address was changed. Please log in again."),
    (
        "email_already_changed",
        "Your email address has already been changed. Please contact this server's administrator.",
    ),
    ("account_deleted", "Your account was deleted."),
    ("guest_expired", "Your time as a guest is over."),
    # rooms, chat and events
    ("room_not_found", "This room doesn't exist."),
    ("room_name_taken", "A room with this name already exists."),
    ("creator_not_found", "This creator doesn't exist."),
    ("guests_create_no_rooms", "Guests can't create rooms. Create an account to have rooms of your own."),
    ("too_many_addresses", "That's too many addresses. You can invite up to 200 at a time."),
    (
        "room_creation_not_allowed",
        "You can't create rooms on this server. Ask its administrator to allow it.",
    ),
    ("wrong_room_password", "That isn't the room's password."),
    ("not_invited", "This is an event. Only invited people can enter."),
    ("not_admitted", "Please enter the room's password first."),
    ("banned", "The room's creator has removed you from this room."),
    ("creator_stays", "The room's creator can't be removed from it."),
    ("room_removed", "The room's creator has removed this room."),
    ("not_the_creator", "Only the room's creator can do that."),
    ("no_relay", "This server has no relay (TURN), so calls can't be made to use only one."),
    ("no_sfu", "This server has no SFU that calls could go through."),
    ("event_not_found", "This event doesn't exist."),
    ("invalid_move", 'The move must be "j" (joined) or "l" (left).'),
    ("message_id_taken", "Another message already has this id."),
    ("message_not_found", "This message doesn't exist in this room, or was deleted."),
    ("not_the_author", "Only its author can do that to a message."),
    # calls
    ("not_in_call", "Join a room first."),
    ("peer_not_found", "This person isn't in the room."),
    ("unknown_event", "There is no such event."),
    ("invalid_payload", "The event's payload isn't valid."),
    ("connection_gone", "The connection ended before it could join."),
    ("join_cancelled", "You left before you could join."),
    ("peer_busy", "This person's connection can't keep up. Please wait a moment."),
    ("room_full", "This room is full. Please try again later."),
    (
        "mesh_full",
        "Someone here uses an older app or browser, so this call has room for eight people only. "
        "Please try again later.",
    ),
    (
        "client_too_old",
        "This version of the app can't take part in this call. Please update it, or reload the page.",
    ),
    (
        "browser_cannot_encrypt",
        "This call is encrypted end to end on its way through the server, which this browser can't do. "
        "Please use a current version of Chrome, Edge, Firefox or Safari.",
    ),
    (
        "too_many_visits",
        "You're already in this room too many times. Please leave it in another tab or on another device.",
    ),
    ("too_many_connections", "You're connected from too many places at once. Please close some of them."),
    # recordings
    (
        "recording_needs_sfu",
        "This server can't record calls: it has no SFU (LiveKit). Its administrator can set one up.",
    ),
    (
        "recorder_not_installed",
        "This server can't record calls yet: its administrator has to install what recording needs, by "
        "pip install “parlour[recording]”.",
    ),
    ("recording_turned_off", "Recording calls is turned off on this server."),
    (
        "recording_client_too_old",
        "Someone in the call uses a version of the app with which it can't be recorded.",
    ),
    (
        "recording_encrypted",
        "This call is encrypted end to end, so the server can't record it. You can do so in your browser.",
    ),
    (
        "recording_room_encrypted",
        "Calls in this room have to be encrypted end to end, so the server can't record them. You can record "
        "in your browser.",
    ),
    ("already_recorded", "This call is already being recorded."),
    ("too_many_recordings", "This server is making as many recordings as it can. Please try again later."),
    ("not_recorded", "This call isn't being recorded."),
    ("recording_not_found", "This recording doesn't exist."),
    ("range_not_satisfiable", "This file isn't that long."),
    (
        "recording_elsewhere",
        "The files of this recording are on another server, which can't be reached from here.",
    ),
    (
        "recording_unavailable",
        "The files of this recording can't be reached right now. Please try again later.",
    ),
    ("recording_in_progress", "This recording is still being made. Please stop it first."),
)
REFUSALS: Mapping[str, str] = dict(_REFUSALS)

FIELD_FAULTS: Mapping[str, str] = {
    "common_password": "This password is one of the most common ones. Choose another one.",  # nosec B105
    "no_valid_address": "None of these is a valid email address.",
}
"""The sentences of faults of fields that clients cannot check themselves, by their codes."""
