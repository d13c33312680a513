import { describe, expect, it } from "vitest";
import { TransportOrder } from "./transport-order";

function tab() {
  const kept = new Map<string, string>();
  return {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  };
}

describe("TransportOrder", () => {
  it("begins with WebSocket, and with polling after an attempt that timed out", () => {
    const order = new TransportOrder(tab);
    expect(order.transports).toEqual(["websocket", "polling"]);
    order.noteTimeout();
    expect(order.transports).toEqual(["polling", "websocket"]);
    order.noteTimeout();
    expect(order.transports).toEqual(["polling", "websocket"]);
  });

  it("remembers it for the pages of the same tab alone", () => {
    const [mine, another] = [tab(), tab()];
    new TransportOrder(() => mine).noteTimeout();
    expect(new TransportOrder(() => mine).transports[0]).toBe("polling");
    expect(new TransportOrder(() => another).transports[0]).toBe("websocket");
  });

  it("goes back to WebSocket where that turns out to work", () => {
    const mine = tab();
    const order = new TransportOrder(() => mine);
    order.noteTimeout();
    order.noteWebSocketWorks();
    expect(order.transports[0]).toBe("websocket");
    expect(new TransportOrder(() => mine).transports[0]).toBe("websocket");
  });

  it("works in browsers that keep nothing", () => {
    const order = new TransportOrder(() => {
      throw new DOMException("Access is denied", "SecurityError");
    });
    expect(order.transports[0]).toBe("websocket");
    order.noteTimeout();
    expect(order.transports[0]).toBe("polling");
  });
});
