import * as host from "../abi/imports";

/** Ends the app because of a bug of its own. The message goes to the host as UTF-8. */
export function panic(message: string): void {
  const bytes = String.UTF8.encode(message);
  host.panic(changetype<usize>(bytes), bytes.byteLength);
  unreachable();
}
