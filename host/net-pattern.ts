/** Reads and writes what people grant a part of the network by: `HOST:PORT`. */
import { AddressFamily, SocketAddress } from "./abi.js";
import type { AddressPattern } from "./network.js";
import { EVERYWHERE, isMapped, isUnspecified, Use } from "./network.js";

/** The bits of an IPv6 address that come before the IPv4 address in it. */
const MAPPED_BITS = 96;

type Host = Pick<AddressPattern, "bytes" | "bits">;

/**
 * Reads `HOST:PORT`. HOST is `*` for all, `localhost`, an IPv4 address, or an IPv6 address in
 * brackets; `/BITS` behind an address means all that begin like it. PORT is a number, a range
 * `8000-8999`, or `*` for all.
 *
 * To listen on `0.0.0.0` means on any address of IPv4, and `[::]` of IPv6 and IPv4.
 *
 * @throws TypeError with a message for people.
 */
export function parsePattern(text: string, use: Use): AddressPattern[] {
  const at = text.lastIndexOf(":");
  if (at < 0 || text.endsWith("]")) throw new TypeError(`${text}: no port after the address`);
  const [firstPort, lastPort] = parsePorts(text.slice(at + 1), text);
  return parseHost(text.slice(0, at), text, use).map((host) => ({ ...host, firstPort, lastPort }));
}

/** The pattern that is for just the address of a `SocketAddress` record, which makes sense. */
export function patternOf(record: Uint8Array): string {
  const view = new DataView(record.buffer, record.byteOffset, record.byteLength);
  const port = view.getUint32(SocketAddress.Port, true);
  const at = SocketAddress.Address;
  if (view.getUint32(SocketAddress.Family, true) === AddressFamily.Ipv4) {
    return `${record.subarray(at, at + 4).join(".")}:${port}`;
  }
  const groups = Array.from({ length: 8 }, (_, index) =>
    view.getUint16(at + 2 * index).toString(16));
  // It knows the short form.
  return `${new URL(`http://[${groups.join(":")}]`).hostname}:${port}`;
}

function parsePorts(ports: string, text: string): [number, number] {
  if (ports === "*") return [EVERYWHERE.firstPort, EVERYWHERE.lastPort];
  const found = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(ports);
  const first = Number(found?.[1]);
  const last = Number(found?.[2] ?? first);
  if (found === null || last > EVERYWHERE.lastPort || first > last) {
    throw new TypeError(`${text}: ${JSON.stringify(ports)} is no port and no range of ports`);
  }
  return [first, last];
}

function parseHost(host: string, text: string, use: Use): Host[] {
  if (host === "*") return [EVERYWHERE];
  if (host === "localhost") return [parseAddress("127.0.0.1")!, parseAddress("[::1]")!];
  const address = parseAddress(host);
  if (address === null) {
    const examples = "1.2.3.4, [1::2], either of them with /BITS, localhost or *";
    throw new TypeError(`${text}: ${JSON.stringify(host)} is no address, such as ${examples}`);
  }
  const bytes = address.bytes!;
  if (host.includes("/") || !isUnspecified(bytes)) return [address];
  if (use === Use.Connect) throw new TypeError(`${text}: nobody is at ${host}; * means everybody`);
  return [isMapped(bytes) ? { bytes, bits: MAPPED_BITS } : EVERYWHERE];
}

/** An address with or without `/BITS`; null when it is none. */
function parseAddress(host: string): Host | null {
  const found = /^(?:\[([\da-f:.]+)\]|([\d.]+))(?:\/(\d{1,3}))?$/i.exec(host);
  if (found === null) return null;
  const [, ipv6, ipv4 = "", bits] = found;
  const groups = ipv6 === undefined ? [0, 0, 0, 0, 0, 0xffff, ...parseIpv4(ipv4)] : parseIpv6(ipv6);
  const before = ipv6 === undefined ? MAPPED_BITS : 0;
  const length = before + Number(bits ?? 128 - before);
  if (groups.length !== 8 || length > 128) return null;
  return { bytes: Uint8Array.from(groups.flatMap((group) => [group >> 8, group])), bits: length };
}

/** The two groups of 16 bits of an IPv4 address; none when it is no address. */
function parseIpv4(text: string): number[] {
  const found = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  const [a = 256, b = 0, c = 0, d = 0] = found?.slice(1).map(Number) ?? [];
  return Math.max(a, b, c, d) > 255 ? [] : [a << 8 | b, c << 8 | d];
}

/** The eight groups of an IPv6 address; another number of them when it is no address. */
function parseIpv6(text: string): number[] {
  const halves = text.split("::");
  if (halves.length > 2) return [];
  const [front = [], back = []] = halves.map((half, index) =>
    parseGroups(half, index === halves.length - 1));
  if (halves.length === 1) return front;
  const zeros = 8 - front.length - back.length;
  return zeros < 1 ? [] : [...front, ...new Array<number>(zeros).fill(0), ...back];
}

/** Groups with colons between them; too many of them when something is none. */
function parseGroups(text: string, isLast: boolean): number[] {
  if (text === "") return [];
  const words = text.split(":");
  return words.flatMap((word, index) => {
    if (isLast && index === words.length - 1 && word.includes(".")) {
      const groups = parseIpv4(word);
      return groups.length === 0 ? NO_GROUPS : groups;
    }
    return /^[\da-f]{1,4}$/i.test(word) ? [parseInt(word, 16)] : NO_GROUPS;
  });
}

/** More than an address has. */
const NO_GROUPS: readonly number[] = new Array<number>(9).fill(0);
