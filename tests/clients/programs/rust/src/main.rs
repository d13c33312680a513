//! An ordinary program of rust_socketio; README.md beside its folder says what it does.
//!
//! Usage: program <url> <transport> <token> <room>

use rust_socketio::{ClientBuilder, Event, Payload, RawClient, TransportType};
use serde_json::{json, Value};
use std::io::Write;
use std::sync::mpsc;
use std::time::Duration;

const SDP: &str = "v=0\r\no=- 46117317 2 IN IP4 127.0.0.1\r\ns=Grüße 👋\r\nt=0 0\r\n";
const CANDIDATE: &str = "candidate:1 1 udp 2122260223 192.0.2.7 50000 typ host";
const PATIENCE: Duration = Duration::from_secs(30);

fn tell(happened: &str, mut members: Value) {
    members["is"] = json!(happened);
    let mut out = std::io::stdout().lock();
    writeln!(out, "{members}").and_then(|()| out.flush()).expect("somebody reads this");
}

/// The one argument of an event, or of an acknowledgement, which comes as a list of arguments.
fn argument(payload: &Payload) -> Value {
    let Payload::Text(values) = payload else { return Value::Null };
    match values.first() {
        Some(Value::Array(arguments)) => arguments.first().cloned().unwrap_or_default(),
        Some(value) => value.clone(),
        None => Value::Null,
    }
}

fn send(socket: &RawClient, event: &str, data: Value) {
    if let Err(problem) = socket.emit(event, data) {
        tell("trouble", json!({"message": problem.to_string()}));
    }
}

fn ask(socket: &RawClient, event: &str, data: impl Into<Payload>, mut heard: impl FnMut(Value) + Send + 'static) {
    let answer = move |payload: Payload, _: RawClient| heard(argument(&payload));
    if let Err(problem) = socket.emit_with_ack(event, data, PATIENCE, answer) {
        tell("trouble", json!({"message": problem.to_string()}));
    }
}

fn describe(socket: &RawClient, peer: &Value, kind: &str) {
    let description = json!({"type": kind, "sdp": SDP});
    send(socket, "offer-sdp", json!({"peerID": peer, "sessionDescription": description}));
    let candidate = json!({"candidate": CANDIDATE, "sdpMid": "0", "sdpMLineIndex": 0, "usernameFragment": "ufrag"});
    send(socket, "offer-ice", json!({"peerID": peer, "iceCandidate": candidate}));
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, transport, token, room] = &arguments[..] else { panic!("four arguments") };
    let transport = match transport.as_str() {
        "websocket" => TransportType::Websocket,
        "polling" => TransportType::Polling,
        _ => TransportType::WebsocketUpgrade,
    };
    let room = room.clone();
    let (done, end) = mpsc::channel();

    let client = ClientBuilder::new(url.as_str())
        .transport_type(transport)
        .auth(json!({"token": token}))
        .reconnect_delay(100, 200)
        .on(Event::Connect, move |_, socket| {
            ask(&socket, "join", json!({"room": room}), |answer| {
                let peers = answer["peers"].as_array().map(Vec::len);
                tell("joined", json!({"ok": answer["ok"], "peers": peers}));
            });
        })
        .on(Event::Close, |_, _| tell("lost", json!({})))
        .on("add-peer", |payload, socket| {
            let event = argument(&payload);
            tell("met", json!({"peer": event["peerUsername"], "createOffer": event["createOffer"]}));
            if event["createOffer"] == true {
                describe(&socket, &event["peerID"], "offer");
            }
        })
        .on("session-description", |payload, socket| {
            let event = argument(&payload);
            let mut description = event["sessionDescription"].clone();
            let is_offer = description["type"] == "offer";
            description["peer"] = event["peerUsername"].clone();
            tell("description", description);
            if is_offer {
                describe(&socket, &event["peerID"], "answer");
            }
        })
        .on("ice-candidate", |payload, _| tell("candidate", argument(&payload)["iceCandidate"].clone()))
        .on("remove-peer", |payload, _| tell("gone", json!({"peer": argument(&payload)["peerUsername"]})))
        .on("refused", |payload, _| tell("refused", argument(&payload)))
        .on("chat-message", move |payload, socket| {
            let event = argument(&payload);
            tell("chat", json!({"peer": event["username"], "message": event["message"]}));
            let message = event["message"].as_str().unwrap_or_default();
            if message != "bye" {
                let answer = json!({"message": format!("{message} 👋")});
                ask(&socket, "chat-message", answer, |answer| tell("sent", json!({"ok": answer["ok"]})));
                return;
            }
            let done = done.clone();
            ask(&socket, "leave", Vec::<Value>::new(), move |answer| {
                tell("left", json!({"ok": answer["ok"]}));
                done.send(()).expect("main waits");
            });
        })
        .connect()
        .expect("the server answers");
    end.recv().expect("the callbacks live as long as the client");
    client.disconnect().expect("it was connected");
}
