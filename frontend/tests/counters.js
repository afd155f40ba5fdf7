// Counts what a page has running in its browser, and answers it without a server: somebody is signed in, is in
// one room with one message, and has a socket that greets and gives that message. Runs before the page, in its
// window.
(() => {
  const timers = new Set();
  const frames = new Set();
  const listeners = new Map();
  const sockets = new Set();
  const calls = new Set();
  const sizes = new Set();
  window.running = () =>
    JSON.stringify({
      timers: timers.size,
      frames: frames.size,
      listeners: [...listeners.values()].reduce((sum, of) => sum + of.size, 0),
      sockets: sockets.size,
      calls: calls.size,
      sizes: sizes.size,
    });

  const { setTimeout, clearTimeout, requestAnimationFrame, cancelAnimationFrame } = window;
  window.nextFrame = () => new Promise((done) => requestAnimationFrame.call(window, done));
  window.setTimeout = (call, ...rest) => {
    const id = setTimeout.call(window, () => (timers.delete(id), call()), ...rest);
    timers.add(id);
    return id;
  };
  window.clearTimeout = (id) => (timers.delete(id), clearTimeout.call(window, id));
  window.requestAnimationFrame = (call) => {
    const id = requestAnimationFrame.call(window, (now) => (frames.delete(id), call(now)));
    frames.add(id);
    return id;
  };
  window.cancelAnimationFrame = (id) => (frames.delete(id), cancelAnimationFrame.call(window, id));

  // Elements take their listeners with them; what lasts as long as the page does not.
  const lasts = (target) => target === window || target === document || target instanceof MediaQueryList;
  const { addEventListener, removeEventListener } = EventTarget.prototype;
  EventTarget.prototype.addEventListener = function (type, call, options) {
    const target = this ?? window;
    if (lasts(target)) listeners.set(type, (listeners.get(type) ?? new Set()).add(call));
    return addEventListener.call(target, type, call, options);
  };
  EventTarget.prototype.removeEventListener = function (type, call, options) {
    const target = this ?? window;
    if (lasts(target)) listeners.get(type)?.delete(call);
    return removeEventListener.call(target, type, call, options);
  };

  window.ResizeObserver = class extends window.ResizeObserver {
    observe(element) {
      sizes.add(this);
      super.observe(element);
    }
    disconnect() {
      sizes.delete(this);
      super.disconnect();
    }
  };

  const me = { id: "0192f0c1-2b3c-7d4e-8f50-112233445566", name: "Ada", avatar: null };
  const room = { id: "0192f0c1-2b3c-7d4e-8f50-000000000001", name: "Crew", visibility: "private", code: "ABCD-EFGH-JK", members: 1 };
  const rooms = [{ room, head: 1, msg_no: 1, read_seq: 0, unread: 1 }];
  const time = "2026-01-15T08:00:00.000Z";
  const connected = {
    type: "connected", epoch: room.id, user: me, session_id: me.id, server_time: time, token_expires_at: "2099-01-01T00:00:00.000Z",
    heartbeat_ms: 25000, limits: {}, rooms, online_users: [me.id],
  };
  const message = {
    type: "message", room_id: room.id, seq: 1, msg_no: 1, timestamp: time, sender: me, content: "hello", txn_id: "0192f0c1-2b3c-7d4e-8f50-000000000002",
  };
  const page = { type: "events", room_id: room.id, events: [message], head: 1, has_more: false };
  const answers = {
    "/api/v1/session/refresh": { user: me, access_token: "t", expires_in: 900 },
    "/api/v1/ws-token": { token: "t", expires_in: 60 },
    "/api/v1/rooms": { rooms },
  };
  window.fetch = (request) => {
    const call = {};
    calls.add(call);
    const answer = answers[new URL(request.url, location.href).pathname];
    return new Promise((done, fail) => {
      const give = (how, what) => (calls.delete(call), how(what));
      request.signal?.addEventListener("abort", () => give(fail, new DOMException("", "AbortError")));
      // A call without an answer stays open until it is given up.
      if (answer) queueMicrotask(() => give(done, new Response(JSON.stringify(answer))));
    });
  };
  window.WebSocket = class extends EventTarget {
    readyState = 0;
    constructor() {
      super();
      sockets.add(this);
      queueMicrotask(() => {
        if (this.readyState !== 0) return;
        this.readyState = 1;
        this.dispatchEvent(new Event("open"));
        this.#say(connected);
      });
    }
    #say(frame) {
      this.dispatchEvent(new MessageEvent("message", { data: JSON.stringify(frame) }));
    }
    send(text) {
      if (JSON.parse(text).type === "sync") queueMicrotask(() => this.#say(page));
    }
    close() {
      this.readyState = 3;
      sockets.delete(this);
    }
  };
})();
