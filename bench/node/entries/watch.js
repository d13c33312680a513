// Runs in a page before its own scripts and notes when each step of an entry happens, in milliseconds since the
// epoch, so that the times of several browsers on one machine compare. The client's code knows nothing of it.
(() => {
  const marks = [];
  const open = new Set();
  const connectionOf = new WeakMap();
  const presented = new Set();
  let count = 0;
  let waiting = [];

  const at = (time) => performance.timeOrigin + time;
  function mark(step, connection = null, time = performance.now()) {
    marks.push({ step, connection, at: at(time) });
  }

  // The time stamp of the event is the input's own: the queue before the page's handler counts.
  addEventListener("click", ({ timeStamp }) => mark("click", null, timeStamp), { capture: true });

  const SENT = { '["join"': "join sent", '["offer-sdp"': "description sent" };
  const RECEIVED = {
    '["add-peer"': "add-peer",
    '["session-description"': "description received",
    '["ice-candidate"': "candidate received",
  };
  function markMessage(data, steps) {
    if (typeof data !== "string") return;
    const head = data.slice(0, 40);
    for (const [event, step] of Object.entries(steps)) if (head.includes(event)) mark(step);
  }
  window.WebSocket = class extends WebSocket {
    constructor(...options) {
      super(...options);
      this.addEventListener("message", ({ data }) => {
        if (typeof data === "string" && data.startsWith("43")) mark("acknowledged");
        markMessage(data, RECEIVED);
      });
    }
    send(data) {
      markMessage(data, SENT);
      super.send(data);
    }
  };

  window.RTCPeerConnection = class extends RTCPeerConnection {
    #id = count++;
    constructor(...options) {
      super(...options);
      open.add(this);
      mark("connection made", this.#id);
      this.addEventListener("track", ({ track }) => connectionOf.set(track, this.#id));
      this.addEventListener("iceconnectionstatechange", () =>
        mark(`ice ${this.iceConnectionState}`, this.#id),
      );
      this.addEventListener("connectionstatechange", () =>
        mark(`connection ${this.connectionState}`, this.#id),
      );
    }
    async setLocalDescription(...options) {
      mark("set local", this.#id);
      await super.setLocalDescription(...options);
      mark("local set", this.#id);
    }
    async setRemoteDescription(...options) {
      mark("set remote", this.#id);
      await super.setRemoteDescription(...options);
      mark("remote set", this.#id);
    }
    close() {
      open.delete(this);
      super.close();
    }
  };

  function follow(video, stream) {
    video.requestVideoFrameCallback((_painting, { receiveTime }) => {
      if (video.srcObject !== stream) return;
      const track = stream.getVideoTracks().find((one) => connectionOf.has(one));
      if (!track) return;
      const id = connectionOf.get(track);
      if (presented.has(id)) return;
      if (receiveTime) mark("key frame received", id, receiveTime);
      mark("frame presented", id);
      // While the avatar lies over the picture, a person does not see it.
      if (video.closest("[role=group]")?.querySelector(".tile-face")) {
        follow(video, stream);
        return;
      }
      presented.add(id);
      mark("seen", id);
      settle();
    });
  }
  const { get, set } = Object.getOwnPropertyDescriptor(HTMLMediaElement.prototype, "srcObject");
  Object.defineProperty(HTMLMediaElement.prototype, "srcObject", {
    configurable: true,
    enumerable: true,
    get,
    set(stream) {
      set.call(this, stream);
      if (stream && this instanceof HTMLVideoElement) follow(this, stream);
    },
  });

  const { mediaDevices } = navigator;
  if (mediaDevices) {
    const capture = mediaDevices.getUserMedia.bind(mediaDevices);
    const size = { width: 640, height: 360, frameRate: 30 };
    mediaDevices.getUserMedia = ({ audio, video }) => capture({ audio, video: video && size });
  }

  function settle() {
    waiting = waiting.filter(({ wanted, resolve }) => {
      if (presented.size < wanted) return true;
      resolve();
      return false;
    });
  }
  window.entry = {
    mark,
    marks: () => marks.splice(0),
    connections: open,
    /** Waits until the pictures of this many connections have been seen since the last `forget`. */
    seen: (wanted) =>
      new Promise((resolve) => {
        waiting.push({ wanted, resolve });
        settle();
      }),
    /** Waits until this many connections are left, and forgets what has been seen. */
    async forget(left) {
      while (open.size > left) await new Promise((resolve) => setTimeout(resolve, 20));
      presented.clear();
      marks.length = 0;
    },
  };
})();
