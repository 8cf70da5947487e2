/** The application's event loop, as far as the host asks anything of it. */

/** Calls back when everything else that is ready in the event loop has had its turn. */
export function soon(call: () => void): void {
  if (typeof setImmediate === "function") {
    setImmediate(call);
    return;
  }
  // In a page a timer of 0 is one of four milliseconds; a message is not.
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    port1.close();
    call();
  };
  port2.postMessage(null);
}
