//! Counts what a page holds of the browser: open sockets, running timers, listeners on what outlives a view.
//! `countResources` runs in the page before its own scripts and gives the figures as `window.held()`.

export function countResources() {
  const sockets = new Set();
  const timers = new Set();
  /** @type {Map<EventTarget, Map<string, Set<unknown>>>} */
  const listeners = new Map();

  window.WebSocket = class extends window.WebSocket {
    constructor(...args) {
      super(...args);
      sockets.add(this);
    }
  };

  for (const [start, stop] of [["setTimeout", "clearTimeout"], ["setInterval", "clearInterval"]]) {
    const [begin, end] = [window[start].bind(window), window[stop].bind(window)];
    window[start] = (work, ...rest) => {
      const id = begin((...args) => {
        if (start === "setTimeout") timers.delete(id);
        return work(...args);
      }, ...rest);
      timers.add(id);
      return id;
    };
    window[stop] = (id) => {
      timers.delete(id);
      end(id);
    };
  }

  // What is on an element goes with the element; what is on these stays until somebody takes it away.
  const outlivesViews = (target) => !(target instanceof Element) && !(target instanceof WebSocket);
  const key = (type, options) => `${type} ${typeof options === "object" ? !!options?.capture : !!options}`;
  const { addEventListener, removeEventListener } = EventTarget.prototype;
  EventTarget.prototype.addEventListener = function (type, listener, options) {
    const target = this ?? window;
    if (listener && outlivesViews(target)) {
      const kinds = listeners.get(target) ?? new Map();
      const kind = kinds.get(key(type, options)) ?? new Set();
      listeners.set(target, kinds.set(key(type, options), kind.add(listener)));
      options?.signal?.addEventListener?.call(options.signal, "abort", () => kind.delete(listener));
    }
    return addEventListener.call(target, type, listener, options);
  };
  EventTarget.prototype.removeEventListener = function (type, listener, options) {
    const target = this ?? window;
    listeners.get(target)?.get(key(type, options))?.delete(listener);
    return removeEventListener.call(target, type, listener, options);
  };

  window.held = () => ({
    sockets: [...sockets].filter(({ readyState }) => readyState <= WebSocket.OPEN).length,
    open: [...sockets].filter(({ readyState }) => readyState === WebSocket.OPEN).length,
    timers: timers.size,
    listeners: [window, document]
      .flatMap((target) => [...(listeners.get(target) ?? new Map()).values()])
      .reduce((sum, kind) => sum + kind.size, 0),
  });
}
