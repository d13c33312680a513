type Storing = Pick<Storage, "getItem" | "setItem" | "removeItem">;

const KEY = "parlour.polling-first";
const WEBSOCKET_FIRST = ["websocket", "polling"];
const POLLING_FIRST = ["polling", "websocket"];
const WEBSOCKET_MS = 4_000;
const POLLING_MS = 5_000;

/**
 * Chooses the transport with which the socket begins. WebSocket is faster, but some firewalls swallow its
 * handshake, which is then neither answered nor refused: only a timeout shows it. After an attempt that timed
 * out, this page and later pages in its tab begin with polling, until an upgrade to WebSocket succeeds.
 */
export class TransportOrder {
  #pollingFirst: boolean;

  constructor(private readonly storage: () => Storing = () => sessionStorage) {
    this.#pollingFirst = this.#kept((storage) => storage.getItem(KEY) !== null) ?? false;
  }

  get transports(): string[] {
    return [...(this.#pollingFirst ? POLLING_FIRST : WEBSOCKET_FIRST)];
  }

  /** The time limit of one attempt to connect. */
  get timeoutMs(): number {
    return this.#pollingFirst ? POLLING_MS : WEBSOCKET_MS;
  }

  noteTimeout(): void {
    this.#pollingFirst = true;
    this.#kept((storage) => storage.setItem(KEY, "yes"));
  }

  noteWebSocketWorks(): void {
    if (!this.#pollingFirst) return;
    this.#pollingFirst = false;
    this.#kept((storage) => storage.removeItem(KEY));
  }

  /** Uses the storage; null where the browser has none and throws. Then each page finds out by itself. */
  #kept<T>(use: (storage: Storing) => T): T | null {
    try {
      return use(this.storage());
    } catch {
      return null;
    }
  }
}
