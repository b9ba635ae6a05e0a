/** What browsers have and Node has not: the part of EventSource (HTML, 9.2) that the web provider of OFREP uses. */
export class EventSourceOverFetch extends EventTarget {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static readonly CLOSED = 2;
  readyState = 0;
  onopen: ((event: Event) => void) | null = null;
  onmessage: ((event: MessageEvent) => void) | null = null;
  onerror: ((event: Event) => void) | null = null;
  readonly #gone = new AbortController();

  constructor(url: string) {
    super();
    void this.#read(url);
  }

  close(): void {
    this.readyState = 2;
    this.#gone.abort();
  }

  async #read(url: string): Promise<void> {
    try {
      const response = await fetch(url, {
        headers: { accept: 'text/event-stream' },
        signal: this.#gone.signal,
      });
      if (!response.ok || response.body === null) throw new Error(`${response.status}`);
      this.readyState = 1;
      this.#tell(new Event('open'));
      let text = '';
      const decoder = new TextDecoder();
      for await (const chunk of response.body) {
        text += decoder.decode(chunk as Uint8Array, { stream: true });
        const messages = text.split('\n\n');
        text = messages.pop() ?? '';
        for (const message of messages) this.#message(message);
      }
      throw new Error('ended');
    } catch {
      if (this.readyState === 2) return;
      this.readyState = 0;
      this.#tell(new Event('error'));
    }
  }

  #message(text: string): void {
    const data = [...text.matchAll(/^data: ?(.*)$/gm)].map(([, line]) => line).join('\n');
    if (data !== '') this.#tell(new MessageEvent('message', { data }));
  }

  #tell(event: Event): void {
    this.dispatchEvent(event);
    if (event.type === 'open') this.onopen?.(event);
    else if (event.type === 'error') this.onerror?.(event);
    else this.onmessage?.(event as MessageEvent);
  }
}
