/**
 * Reads addresses from text, as strictly as Rust does.
 *
 * @module
 */
import { IpAddr, SocketAddr } from "./address";

/** A text and how far it has been read. Once something is not as it should be, it has failed. */
export class Reader {
  /** The first thing that was not as it should be, in words; empty as long as all was. */
  problem: string = "";
  private at: i32 = 0;
  /** The groups that were read last end in an IPv4 address. */
  private endsInIpv4: bool = false;

  constructor(private text: string) {}

  /** Something was not as it should be. */
  get failed(): bool {
    return this.problem.length > 0;
  }

  /** An address with a port, and nothing else. */
  socket(): SocketAddr {
    if (!this.takes(Char.Open)) {
      const text = this.text;
      if (text.indexOf(":") < text.lastIndexOf(":")) {
        this.refuse("an IPv6 address goes into brackets, as in [::1]:80");
      }
      const ip = IpAddr.ipv4(this.ipv4());
      return new SocketAddr(ip, this.port());
    }
    const ip = this.ipv6();
    const isScoped = this.takes(Char.Percent);
    const scope = isScoped ? this.number("the number of an interface", 10, u32.MAX_VALUE) : 0;
    if (!this.takes(Char.Close)) this.refuse('"]" is missing ' + this.where());
    return new SocketAddr(ip, this.port(), <u32>scope);
  }

  /** An address of either kind without brackets, and nothing else. */
  ip(): IpAddr {
    const ip = this.text.includes(":") ? this.ipv6() : IpAddr.ipv4(this.ipv4());
    this.end();
    return ip;
  }

  /** What comes before the port: a name, or something that is none. */
  host(): string {
    const colon = this.text.lastIndexOf(":");
    this.at = colon < 0 ? this.text.length : colon;
    if (this.at == 0) this.refuse("a name is missing");
    return this.text.substring(0, this.at);
  }

  /** A colon and a port, and nothing else. */
  port(): u16 {
    if (this.at < this.text.length && !this.takes(Char.Colon)) {
      this.refuse('":" and a port are missing ' + this.where());
    }
    // Leading zeros mean nothing here, to Rust neither.
    const port = this.number("a port from 0 to 65535", 10, 0xffff);
    this.end();
    return <u16>port;
  }

  /** Four numbers without leading zeros, with points between them. */
  private ipv4(): u32 {
    let bits: u32 = 0;
    for (let index = 0; index < 4; index++) {
      if (index > 0 && !this.takes(Char.Point)) this.refuse("an IPv4 address has four numbers");
      const from = this.at;
      bits = bits << 8 | <u32>this.number("a number from 0 to 255", 10, 255);
      if (this.charAt(from) == Char.Zero && this.at > from + 1) {
        this.refuse(`"${this.text.substring(from, this.at)}" begins with a zero`);
      }
    }
    return bits;
  }

  /** Groups before a `::`, if there is one, and those after it. */
  private ipv6(): IpAddr {
    const groups = new StaticArray<u16>(8);
    const before = this.groups(groups, 0);
    if (before < 8) {
      if (this.endsInIpv4) this.refuse("an IPv4 address is the end of an IPv6 address");
      if (!this.takes(Char.Colon) || !this.takes(Char.Colon)) {
        this.refuse('a group of hexadecimal digits, or "::", is missing ' + this.where());
      }
      const rest = new StaticArray<u16>(8);
      // The `::` stands for one group of zeros at least.
      const after = this.groups(rest, before + 1) - before - 1;
      for (let i = 0; i < after; i++) groups[8 - after + i] = rest[before + 1 + i];
    }
    return IpAddr.v6(
      groups[0], groups[1], groups[2], groups[3], groups[4], groups[5], groups[6], groups[7],
    );
  }

  /** Fills `into` from `index` on, as far as there are groups. Where it ended. */
  private groups(into: StaticArray<u16>, index: i32): i32 {
    const first = index;
    while (index < 8 && !this.failed) {
      const start = this.at;
      if (index > first) {
        // A second colon is the `::`, and not for here.
        if (this.charAt(start) != Char.Colon || this.charAt(start + 1) == Char.Colon) break;
        this.at++;
      }
      if (digitOf(this.charAt(this.at), 16) < 0) {
        this.at = start;
        break;
      }
      if (index < 7 && this.isIpv4Next()) {
        const bits = this.ipv4();
        into[index] = <u16>(bits >> 16);
        into[index + 1] = <u16>bits;
        this.endsInIpv4 = true;
        return index + 2;
      }
      into[index++] = <u16>this.number("a group of 1 to 4 hexadecimal digits", 16, 0xffff);
    }
    return index;
  }

  /** Whether a point comes before any colon. */
  private isIpv4Next(): bool {
    let at = this.at;
    while (digitOf(this.charAt(at), 10) >= 0) at++;
    return this.charAt(at) == Char.Point;
  }

  /**
   * A number of at least one digit, and of `most` at most: all up to where it should end. `what`:
   * what it is to be, for messages.
   */
  private number(what: string, radix: i32, most: u64): u64 {
    const from = this.at;
    while (!endsNumber(this.charAt(this.at))) this.at++;
    const count = this.at - from;
    let value: u64 = 0;
    // Of a group, leading zeros count as digits.
    let isOne = count > 0 && (radix == 10 || count <= 4);
    for (let at = from; at < this.at && isOne; at++) {
      const digit = digitOf(this.charAt(at), radix);
      value = value * radix + digit;
      isOne = digit >= 0 && value <= most;
    }
    if (isOne) return value;
    const part = this.text.substring(from, this.at);
    this.refuse(count == 0 ? `${what} is missing` : `"${part}" is not ${what}`);
    return 0;
  }

  private end(): void {
    if (this.at < this.text.length) this.refuse(`"${this.text.substring(this.at)}" is too much`);
  }

  private refuse(why: string): void {
    if (!this.failed) this.problem = why;
  }

  /** Where it is, for messages. */
  private where(): string {
    const rest = this.text.substring(this.at);
    return rest.length == 0 ? "at the end" : `before "${rest}"`;
  }

  private takes(char: i32): bool {
    if (this.charAt(this.at) != char) return false;
    this.at++;
    return true;
  }

  private charAt(at: i32): i32 {
    return at < this.text.length ? this.text.charCodeAt(at) : -1;
  }
}

const enum Char {
  Percent = 0x25,
  Point = 0x2e,
  Zero = 0x30,
  Colon = 0x3a,
  Open = 0x5b,
  Close = 0x5d,
}

/** Whether a number ends before this character, be it one that belongs there or not. */
function endsNumber(char: i32): bool {
  return char < 0 || char == Char.Point || char == Char.Colon || char == Char.Percent ||
    char == Char.Close;
}

/** What a digit is worth, or −1 when it is none. */
function digitOf(char: i32, radix: i32): i32 {
  let value = -1;
  if (char >= 0x30 && char <= 0x39) value = char - 0x30;
  else if ((char | 0x20) >= 0x61 && (char | 0x20) <= 0x66) value = (char | 0x20) - 0x57;
  return value < radix ? value : -1;
}
