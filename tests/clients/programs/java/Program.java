import io.socket.client.Ack;
import io.socket.client.IO;
import io.socket.client.Socket;
import io.socket.engineio.client.transports.Polling;
import io.socket.engineio.client.transports.WebSocket;
import java.io.PrintStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.json.JSONException;
import org.json.JSONObject;

/**
 * An ordinary program of the Java client; README.md beside its folder says what it does.
 *
 * <p>Usage: java Program &lt;url> &lt;transport> &lt;token> &lt;room>
 */
public final class Program {
  private static final Map<String, String[]> TRANSPORTS =
      Map.of(
          "websocket", new String[] {WebSocket.NAME},
          "polling", new String[] {Polling.NAME},
          "upgrade", new String[] {Polling.NAME, WebSocket.NAME});
  private static final String SDP =
      "v=0\r\no=- 46117317 2 IN IP4 127.0.0.1\r\ns=Grüße 👋\r\nt=0 0\r\n";
  private static final String CANDIDATE = "candidate:1 1 udp 2122260223 192.0.2.7 50000 typ host";
  private static final PrintStream OUT = new PrintStream(System.out, true, StandardCharsets.UTF_8);

  private final Socket socket;
  private final String room;
  private boolean hasLeft;

  private interface Listener {
    void hear(JSONObject event) throws JSONException;
  }

  private Program(String url, String transport, String token, String room) {
    IO.Options options =
        IO.Options.builder()
            .setTransports(TRANSPORTS.get(transport))
            .setAuth(Map.of("token", token))
            .setReconnectionDelay(100)
            .setReconnectionDelayMax(200)
            .build();
    this.socket = IO.socket(URI.create(url), options);
    this.room = room;
  }

  public static void main(String[] arguments) {
    new Program(arguments[0], arguments[1], arguments[2], arguments[3]).run();
  }

  private void run() {
    socket.on(Socket.EVENT_CONNECT, none -> join());
    socket.on(
        Socket.EVENT_CONNECT_ERROR, problem -> tell("trouble", "message", problem[0].toString()));
    socket.on(Socket.EVENT_DISCONNECT, reason -> end());
    on("add-peer", this::meet);
    on("session-description", this::hearDescription);
    on("ice-candidate", event -> tell("candidate", event.getJSONObject("iceCandidate")));
    on("remove-peer", event -> tell("gone", "peer", event.getString("peerUsername")));
    on("refused", event -> tell("refused", event));
    on("chat-message", this::chat);
    socket.connect();
  }

  private void end() {
    tell("lost");
    if (hasLeft) {
      System.exit(0); // the library's HTTP client keeps threads for a minute
    }
  }

  private void join() {
    Ack joined =
        answers -> {
          JSONObject answer = (JSONObject) answers[0];
          tell(
              "joined",
              "ok",
              answer.opt("ok"),
              "peers",
              answer.optJSONArray("peers") == null ? null : answer.optJSONArray("peers").length());
        };
    socket.emit("join", object("room", room), joined);
  }

  private void meet(JSONObject event) throws JSONException {
    boolean offers = event.getBoolean("createOffer");
    tell("met", "peer", event.getString("peerUsername"), "createOffer", offers);
    if (offers) {
      describe(event.getString("peerID"), "offer");
    }
  }

  private void hearDescription(JSONObject event) throws JSONException {
    JSONObject description = event.getJSONObject("sessionDescription");
    String type = description.getString("type");
    String peer = event.getString("peerUsername");
    tell("description", "peer", peer, "type", type, "sdp", description.getString("sdp"));
    if (type.equals("offer")) {
      describe(event.getString("peerID"), "answer");
    }
  }

  private void chat(JSONObject event) throws JSONException {
    String message = event.getString("message");
    tell("chat", "peer", event.getString("username"), "message", message);
    if (!message.equals("bye")) {
      Ack sent = answers -> tell("sent", "ok", ((JSONObject) answers[0]).opt("ok"));
      socket.emit("chat-message", object("message", message + " 👋"), sent);
      return;
    }
    Ack left =
        answers -> {
          tell("left", "ok", ((JSONObject) answers[0]).opt("ok"));
          hasLeft = true;
          socket.disconnect();
        };
    socket.emit("leave", new Object[0], left);
  }

  private void describe(String peer, String type) {
    JSONObject description = object("type", type, "sdp", SDP);
    socket.emit("offer-sdp", object("peerID", peer, "sessionDescription", description));
    JSONObject candidate =
        object(
            "candidate", CANDIDATE, "sdpMid", "0", "sdpMLineIndex", 0, "usernameFragment", "ufrag");
    socket.emit("offer-ice", object("peerID", peer, "iceCandidate", candidate));
  }

  private void on(String event, Listener listener) {
    socket.on(
        event,
        values -> {
          try {
            listener.hear((JSONObject) values[0]);
          } catch (JSONException problem) {
            tell("trouble", "message", problem.toString());
          }
        });
  }

  private static void tell(String happened, Object... members) {
    tell(happened, object(members));
  }

  private static void tell(String happened, JSONObject members) {
    try {
      OUT.println(members.put("is", happened));
    } catch (JSONException problem) {
      throw new IllegalArgumentException(problem);
    }
  }

  private static JSONObject object(Object... members) {
    try {
      JSONObject object = new JSONObject();
      for (int i = 0; i < members.length; i += 2) {
        object.put((String) members[i], members[i + 1]);
      }
      return object;
    } catch (JSONException problem) {
      throw new IllegalArgumentException(problem);
    }
  }
}
