type Storing = Pick<Storage, "getItem" | "setItem" | "removeItem">;

const KEY = "parlour.polling-first";
const WEBSOCKET_FIRST = ["websocket", "polling"];
const POLLING_FIRST = ["polling", "websocket"];
const WEBSOCKET_MS = 4_000;
const POLLING_MS = 5_000;

/**
 * Which transport a connection begins with. WebSocket is the faster one, but some firewalls swallow its
 * handshake: it is neither answered nor refused, so that only the time tells. After one attempt that timed
 * out, this page and those after it in its tab begin with polling, and go over to WebSocket once that is
 * seen to work.
 */
export class TransportOrder {
  #pollingFirst: boolean;

  constructor(private readonly storage: () => Storing = () => sessionStorage) {
    this.#pollingFirst = this.#kept((storage) => storage.getItem(KEY) !== null) ?? false;
  }

  get transports(): string[] {
    return [...(this.#pollingFirst ? POLLING_FIRST : WEBSOCKET_FIRST)];
  }

  /** How long an attempt may take. */
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

  /** Browsers that keep nothing throw; the next page finds out by itself, then. */
  #kept<T>(use: (storage: Storing) => T): T | null {
    try {
      return use(this.storage());
    } catch {
      return null;
    }
  }
}
