/**
 * Reads addresses from text, as strictly as Rust does.
 *
 * @module
 */
import { IpAddr, SocketAddr } from "./address";

/** A text and how far it has been read. Once something is not as it should be, it has failed. */
export class Reader {
  /** Something was not as it should be. */
  failed: bool = false;
  private at: i32 = 0;
  /** The groups that were read last end in an IPv4 address. */
  private endsInIpv4: bool = false;

  constructor(private text: string) {}

  /** All of it has been read. */
  get isAtEnd(): bool {
    return this.at == this.text.length;
  }

  /** An address with a port. */
  socket(): SocketAddr {
    if (!this.takes(Char.Open)) {
      const ip = IpAddr.ipv4(this.ipv4());
      return new SocketAddr(ip, this.port());
    }
    const ip = this.ipv6();
    const scope = this.takes(Char.Percent) ? <u32>this.number(10, 10, u32.MAX_VALUE) : 0;
    this.expect(Char.Close);
    return new SocketAddr(ip, this.port(), scope);
  }

  /** An address of either kind, without brackets. */
  ip(): IpAddr {
    return this.text.includes(":") ? this.ipv6() : IpAddr.ipv4(this.ipv4());
  }

  private port(): u16 {
    this.expect(Char.Colon);
    // Leading zeros mean nothing here, to Rust neither.
    return <u16>this.number(10, this.text.length, 0xffff);
  }

  /** Four numbers without leading zeros, with points between them. */
  private ipv4(): u32 {
    let bits: u32 = 0;
    for (let index = 0; index < 4; index++) {
      if (index > 0) this.expect(Char.Point);
      const from = this.at;
      bits = bits << 8 | <u32>this.number(10, 3, 255);
      if (this.charAt(from) == Char.Zero && this.at > from + 1) this.failed = true;
    }
    return bits;
  }

  /** Groups before a `::`, if there is one, and those after it. */
  private ipv6(): IpAddr {
    const groups = new StaticArray<u16>(8);
    const before = this.groups(groups, 0);
    if (before < 8) {
      if (this.endsInIpv4) this.failed = true;
      this.expect(Char.Colon);
      this.expect(Char.Colon);
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
      into[index++] = <u16>this.number(16, 4, 0xffff);
    }
    return index;
  }

  /** Whether a point comes before any colon. */
  private isIpv4Next(): bool {
    let at = this.at;
    while (digitOf(this.charAt(at), 10) >= 0) at++;
    return this.charAt(at) == Char.Point;
  }

  /** A number of at least one digit, and of `digits` and `most` at most. */
  private number(radix: i32, digits: i32, most: u64): u64 {
    let value: u64 = 0;
    let count = 0;
    while (true) {
      const digit = digitOf(this.charAt(this.at), radix);
      if (digit < 0) break;
      value = value * radix + digit;
      count++;
      if (count > digits || value > most) {
        this.failed = true;
        return 0;
      }
      this.at++;
    }
    if (count == 0) this.failed = true;
    return value;
  }

  private expect(char: i32): void {
    if (!this.takes(char)) this.failed = true;
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

/** What a digit is worth, or −1 when it is none. */
function digitOf(char: i32, radix: i32): i32 {
  let value = -1;
  if (char >= 0x30 && char <= 0x39) value = char - 0x30;
  else if ((char | 0x20) >= 0x61 && (char | 0x20) <= 0x66) value = (char | 0x20) - 0x57;
  return value < radix ? value : -1;
}
