/**
 * The part of the network that a guest was given: which addresses it may listen on, and which it
 * may connect and send to. One list of patterns each, for TCP and UDP alike; nothing matches an
 * empty list.
 *
 * What is compared is always an IPv6 address: one of IPv4 is written `::ffff:a.b.c.d`, as the
 * system does, so that the same address in its other form cannot be mistaken for another one.
 */
import { AddressFamily, Errno, SocketAddress } from "./abi.js";

const BYTES = 16;
/** Where the bytes of an IPv4 address begin in an IPv6 one; after ten zeros and two 0xff. */
const MAPPED = 12;
const HIGHEST_PORT = 65535;

/** What an address is needed for. */
export const enum Use {
  /** To wait there for others. */
  Listen = 0,
  /** To reach others there. */
  Connect = 1,
  /**
   * To hear what is sent to a group of machines. It takes a grant to listen on the group's address,
   * on whatever port: those that its sockets have the guest was given.
   */
  Join = 2,
}

/** Addresses whose first `bits` bits are those of `bytes`, and a range of ports. */
export interface AddressPattern {
  /** An IPv6 address; null for every address. */
  readonly bytes: Uint8Array | null;
  readonly bits: number;
  readonly firstPort: number;
  readonly lastPort: number;
}

/** What a guest was given of the network. */
export interface NetworkGrants {
  readonly listen: readonly AddressPattern[];
  readonly connect: readonly AddressPattern[];
}

/** Every address there is. */
export const EVERYWHERE: AddressPattern = {
  bytes: null, bits: 0, firstPort: 0, lastPort: HIGHEST_PORT,
};

/** The network of one instance. */
export class Network {
  private readonly lists: readonly (readonly AddressPattern[])[];
  /** The address as it is compared. */
  private readonly bytes = new Uint8Array(BYTES);

  constructor(grants: NetworkGrants) {
    this.lists = [grants.listen, grants.connect, grants.listen];
  }

  /** Whether names may be looked up: only who may connect somewhere has a use for it. */
  get mayLookUp(): boolean {
    return this.lists[Use.Connect]!.length > 0;
  }

  /**
   * Checks a `SocketAddress` record, which is the host's own copy and may be changed by this: to
   * connect to the unspecified address means this machine, and is told so to the system.
   *
   * @returns 0, or a negative `Errno`: `EACCES` when it was not granted.
   */
  check(record: Uint8Array, use: Use): number {
    const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
    const family = view.getUint32(SocketAddress.Family, true);
    const port = view.getUint32(SocketAddress.Port, true);
    if (family !== AddressFamily.Ipv4 && family !== AddressFamily.Ipv6) return -Errno.EAFNOSUPPORT;
    if (port > HIGHEST_PORT) return -Errno.EINVAL;
    const text = record.subarray(SocketAddress.Address, SocketAddress.Address + BYTES);
    const { bytes } = this;
    if (family === AddressFamily.Ipv6) {
      bytes.set(text);
    } else {
      if (record.subarray(SocketAddress.Address + 4).some((byte) => byte !== 0)) {
        return -Errno.EINVAL;
      }
      bytes.fill(0, 0, MAPPED - 2);
      bytes.fill(0xff, MAPPED - 2, MAPPED);
      bytes.set(text.subarray(0, 4), MAPPED);
    }
    if (use === Use.Connect && isUnspecified(bytes)) {
      const isIpv4 = isMapped(bytes);
      if (isIpv4) bytes[MAPPED] = 127;
      bytes[BYTES - 1] = 1;
      text.set(family === AddressFamily.Ipv4 ? bytes.subarray(MAPPED) : bytes);
    }
    const patterns = this.lists[use]!;
    // To listen on all addresses it takes a grant for all of them, not for one that is among them.
    const wanted = use === Use.Join ? matchesAddress :
      use === Use.Listen && isUnspecified(bytes) ? matchesAll : matches;
    return patterns.some((pattern) => wanted(pattern, bytes, port)) ? 0 : -Errno.EACCES;
  }
}

/** Whether an address is one of IPv4 in its IPv6 form. */
export function isMapped(bytes: Uint8Array): boolean {
  for (let at = 0; at < MAPPED - 2; at++) if (bytes[at] !== 0) return false;
  return bytes[MAPPED - 2] === 0xff && bytes[MAPPED - 1] === 0xff;
}

/** Whether it is `0.0.0.0` or `::`. */
export function isUnspecified(bytes: Uint8Array): boolean {
  const from = isMapped(bytes) ? MAPPED : 0;
  for (let at = from; at < BYTES; at++) if (bytes[at] !== 0) return false;
  return true;
}

/** Whether the pattern is for every address of the kind that an unspecified one stands for. */
function matchesAll(pattern: AddressPattern, unspecified: Uint8Array, port: number): boolean {
  const { bytes, bits } = pattern;
  const isWhole = bytes === null ||
    // The one of IPv6 stands for those of IPv4 as well.
    (bits === MAPPED * 8 && isMapped(bytes) && isMapped(unspecified));
  return isWhole && port >= pattern.firstPort && port <= pattern.lastPort;
}

function matches(pattern: AddressPattern, address: Uint8Array, port: number): boolean {
  return port >= pattern.firstPort && port <= pattern.lastPort && matchesAddress(pattern, address);
}

function matchesAddress(pattern: AddressPattern, address: Uint8Array): boolean {
  const { bytes, bits } = pattern;
  if (bytes === null) return true;
  // Without this, `[::]/0` would be for IPv4 as well.
  if (isMapped(address) !== isMapped(bytes)) return false;
  const whole = bits >> 3;
  for (let at = 0; at < whole; at++) if (bytes[at] !== address[at]) return false;
  const rest = bits & 7;
  return rest === 0 || (bytes[whole]! ^ address[whole]!) >> (8 - rest) === 0;
}
