/**
 * Addresses of the internet: of a machine, and of a socket on it. All of this is text and numbers;
 * nothing here asks the network.
 *
 * @module
 */
import { AddressFamily } from "../abi/flags";
import { SocketAddress } from "../abi/layout";
import { Error, ErrorKind, Result } from "../error";
import { readNumber, writeNumber } from "../rt/buffer";
import { Vec } from "../vec";
import { Reader } from "./reader";

/** What an IPv4 address has before it in its IPv6 form `::ffff:a.b.c.d`. */
const MAPPED: u64 = 0xffff_0000_0000;

/** An address of a machine: of IPv4 or of IPv6. It does not change. */
export class IpAddr {
  private constructor(
    /** It is one of IPv4. */
    readonly isIpv4: bool,
    private high: u64,
    private low: u64,
  ) {}

  /** The IPv4 address `a.b.c.d`. */
  static v4(a: u8, b: u8, c: u8, d: u8): IpAddr {
    return IpAddr.ipv4(<u32>a << 24 | <u32>b << 16 | <u32>c << 8 | d);
  }

  /** The IPv6 address of eight groups of 16 bits. */
  static v6(a: u16, b: u16, c: u16, d: u16, e: u16, f: u16, g: u16, h: u16): IpAddr {
    return new IpAddr(false, joined(a, b, c, d), joined(e, f, g, h));
  }

  /** For std alone: the IPv4 address that these 32 bits are, the first byte the highest. */
  static ipv4(bits: u32): IpAddr {
    return new IpAddr(true, 0, bits);
  }

  /** For std alone: the IPv6 address that these 128 bits are, the first byte the highest. */
  static ipv6(high: u64, low: u64): IpAddr {
    return new IpAddr(false, high, low);
  }

  /** This machine, for IPv4: 127.0.0.1. */
  static localhost(): IpAddr {
    return IpAddr.ipv4(0x7f000001);
  }

  /** This machine, for IPv6: ::1. */
  static localhostV6(): IpAddr {
    return IpAddr.ipv6(0, 1);
  }

  /** No address in particular: 0.0.0.0. To listen there means on every address of IPv4. */
  static unspecified(): IpAddr {
    return IpAddr.ipv4(0);
  }

  /** No address in particular: `::`. To listen there means on every address of the machine. */
  static unspecifiedV6(): IpAddr {
    return IpAddr.ipv6(0, 0);
  }

  /**
   * Reads `127.0.0.1`, or `::1`, without brackets. Each as strictly as Rust does: no leading zeros
   * in IPv4, no names. `InvalidInput` when it is none; the message says what is wrong with it.
   */
  static parse(text: string): Result<IpAddr> {
    const reader = new Reader(text);
    const address = reader.ip();
    if (reader.failed) return refused<IpAddr>(text, "not an IP address: " + reader.problem);
    return Result.ok<IpAddr>(address);
  }

  /** It is one of IPv6. */
  get isIpv6(): bool {
    return !this.isIpv4;
  }

  /** It means the machine itself: 127.0.0.0/8, or ::1. */
  get isLoopback(): bool {
    return this.isIpv4 ? this.low >> 24 == 127 : this.high == 0 && this.low == 1;
  }

  /** It is 0.0.0.0 or `::`. */
  get isUnspecified(): bool {
    return (this.high | this.low) == 0;
  }

  /** It means a group of machines: 224.0.0.0/4, or ff00::/8. */
  get isMulticast(): bool {
    return this.isIpv4 ? this.low >> 28 == 14 : this.high >> 56 == 0xff;
  }

  /**
   * The same address in its simplest form: an IPv4 address that is written as one of IPv6,
   * `::ffff:a.b.c.d`, becomes one of IPv4.
   */
  toCanonical(): IpAddr {
    return this.isMapped ? IpAddr.ipv4(<u32>this.low) : this;
  }

  /** The same address as one of IPv6: an IPv4 address becomes `::ffff:a.b.c.d`. */
  toIpv6(): IpAddr {
    return this.isIpv4 ? IpAddr.ipv6(0, MAPPED | this.low) : this;
  }

  /** Its 4 or 16 bytes, in the order in which they are written. */
  octets(): StaticArray<u8> {
    const count = this.isIpv4 ? 4 : 16;
    const bytes = new StaticArray<u8>(count);
    for (let i = 0; i < count; i++) {
      const at = count - 1 - i;
      bytes[i] = <u8>((at < 8 ? this.low : this.high) >> ((at & 7) << 3));
    }
    return bytes;
  }

  /** Whether both are the same. `::ffff:1.2.3.4` and `1.2.3.4` are not: see `toCanonical`. */
  equals(other: IpAddr): bool {
    return this.isIpv4 == other.isIpv4 && this.high == other.high && this.low == other.low;
  }

  /** As people write it: `127.0.0.1`, `::1`, `::ffff:127.0.0.1`. IPv6 as RFC 5952 wants it. */
  toString(): string {
    if (this.isIpv4) return dotted(<u32>this.low);
    if (this.isMapped) return "::ffff:" + dotted(<u32>this.low);
    return this.colons();
  }

  private get isMapped(): bool {
    return !this.isIpv4 && this.high == 0 && this.low >> 32 == MAPPED >> 32;
  }

  private group(index: i32): u32 {
    return <u32>((index < 4 ? this.high : this.low) >> ((3 - (index & 3)) << 4)) & 0xffff;
  }

  /** Groups with colons; the first of the longest runs of zeros, if longer than one, left out. */
  private colons(): string {
    let start = -1;
    let longest = 1;
    for (let from = 0; from < 8; from++) {
      let to = from;
      while (to < 8 && this.group(to) == 0) to++;
      if (to - from > longest) {
        start = from;
        longest = to - from;
      }
      if (to > from) from = to;
    }
    let text = "";
    for (let index = 0; index < 8; index++) {
      if (index == start) {
        text += "::";
        index += longest - 1;
        continue;
      }
      if (text.length > 0 && !text.endsWith(":")) text += ":";
      text += this.group(index).toString(16);
    }
    return text;
  }

  /** For std alone: writes its bytes into a `SocketAddress` record. */
  write(record: Vec<u8>): void {
    const at = SocketAddress.Address;
    if (this.isIpv4) {
      writeNumber<u32>(record, SocketAddress.Family, AddressFamily.Ipv4);
      writeNumber<u64>(record, at, bswap<u32>(<u32>this.low));
      writeNumber<u64>(record, at + 8, 0);
    } else {
      writeNumber<u32>(record, SocketAddress.Family, AddressFamily.Ipv6);
      writeNumber<u64>(record, at, bswap<u64>(this.high));
      writeNumber<u64>(record, at + 8, bswap<u64>(this.low));
    }
  }
}

function joined(a: u16, b: u16, c: u16, d: u16): u64 {
  return <u64>a << 48 | <u64>b << 32 | <u64>c << 16 | d;
}

function dotted(bits: u32): string {
  return `${bits >> 24}.${bits >> 16 & 255}.${bits >> 8 & 255}.${bits & 255}`;
}

function refused<T>(text: string, why: string): Result<T> {
  return Result.err<T>(new Error(ErrorKind.InvalidInput, why).in("parse", text));
}

/** An address of a socket: of a machine, and a port on it. It does not change. */
export class SocketAddr {
  constructor(
    /** The machine. */
    readonly ip: IpAddr,
    /** The port. To listen on port 0 means on any that is free. */
    readonly port: u16,
    /** Of IPv6: which interface of this machine a link-local address means, or 0. */
    readonly scopeId: u32 = 0,
    /** Of IPv6: flow label and traffic class; usually 0. */
    readonly flowInfo: u32 = 0,
  ) {}

  /**
   * Reads `127.0.0.1:80`, `[::1]:80`, or `[fe80::1%2]:80` with the number of an interface.
   * `InvalidInput` when it is none, with a message that says what is wrong with it. A name is none,
   * see `lookupHost`; nor is the name of an interface a number.
   */
  static parse(text: string): Result<SocketAddr> {
    const reader = new Reader(text);
    const address = reader.socket();
    if (reader.failed) {
      return refused<SocketAddr>(text, "not a socket address: " + reader.problem);
    }
    return Result.ok<SocketAddr>(address);
  }

  /** For std alone: from a `SocketAddress` record at `offset`. */
  static fromRecord(record: Vec<u8>, offset: i32 = 0): SocketAddr {
    const port = <u16>readNumber<u32>(record, offset + SocketAddress.Port);
    const at = offset + SocketAddress.Address;
    if (readNumber<u32>(record, offset + SocketAddress.Family) != AddressFamily.Ipv6) {
      return new SocketAddr(IpAddr.ipv4(bswap<u32>(readNumber<u32>(record, at))), port);
    }
    const high = bswap<u64>(readNumber<u64>(record, at));
    const low = bswap<u64>(readNumber<u64>(record, at + 8));
    const scope = readNumber<u32>(record, offset + SocketAddress.Scope);
    const flow = readNumber<u32>(record, offset + SocketAddress.Flow);
    return new SocketAddr(IpAddr.ipv6(high, low), port, scope, flow);
  }

  /** For std alone: a `SocketAddress` record. */
  toRecord(): Vec<u8> {
    const record = Vec.withCapacity<u8>(SocketAddress.Size);
    this.ip.write(record);
    const isIpv6 = this.ip.isIpv6;
    writeNumber<u32>(record, SocketAddress.Port, this.port);
    writeNumber<u32>(record, SocketAddress.Scope, isIpv6 ? this.scopeId : 0);
    writeNumber<u32>(record, SocketAddress.Flow, isIpv6 ? this.flowInfo : 0);
    return record;
  }

  /** Whether both are the same, scope and flow included. */
  equals(other: SocketAddr): bool {
    return this.ip.equals(other.ip) && this.port == other.port &&
      this.scopeId == other.scopeId && this.flowInfo == other.flowInfo;
  }

  /** As people write it: `127.0.0.1:80`, `[::1]:80`, `[fe80::1%2]:80`. */
  toString(): string {
    const port = ":" + this.port.toString();
    if (this.ip.isIpv4) return this.ip.toString() + port;
    const scope = this.scopeId == 0 ? "" : "%" + this.scopeId.toString();
    return "[" + this.ip.toString() + scope + "]" + port;
  }
}
