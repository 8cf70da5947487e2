/** Which addresses a grant of the network is for, and which ways around it there are not. */
import { AddressFamily, Errno, SocketAddress } from "../../host/abi.js";
import { ContextBuilder } from "../../host/context.js";
import { patternOf } from "../../host/net-pattern.js";
import { Network, Use } from "../../host/network.js";
import { assert, suite } from "../harness.js";

const test = suite("host: network");

type Grant = (builder: ContextBuilder) => ContextBuilder;

const listen = (pattern: string): Grant => (builder) => builder.listen(pattern);
const connect = (pattern: string): Grant => (builder) => builder.connect(pattern);

/** A record of the address whose bytes, 4 or 16, are written in hexadecimal digits. */
function record(digits: string, port: number): Uint8Array {
  const bytes = new Uint8Array(SocketAddress.Size);
  const view = new DataView(bytes.buffer);
  const address = Buffer.from(digits, "hex");
  const family = address.length === 4 ? AddressFamily.Ipv4 : AddressFamily.Ipv6;
  view.setUint32(SocketAddress.Family, family, true);
  view.setUint32(SocketAddress.Port, port, true);
  bytes.set(address, SocketAddress.Address);
  return bytes;
}

function check(grant: Grant, use: Use, digits: string, port: number): number {
  const { grants } = grant(new ContextBuilder()).build();
  return new Network(grants.network).check(record(digits, port), use);
}

const ZEROS = "00".repeat(16);
const LOOPBACK = "7f000001";
const LOOPBACK_6 = "00".repeat(15) + "01";
const mapped = (digits: string): string => "00".repeat(10) + "ffff" + digits;
const compatible = (digits: string): string => "00".repeat(12) + digits;

type Row = readonly [pattern: string, digits: string, port: number, granted: boolean];

const connectRows: readonly Row[] = [
  ["127.0.0.1:80", LOOPBACK, 80, true],
  ["127.0.0.1:80", LOOPBACK, 81, false],
  ["127.0.0.1:80", "7f000002", 80, false],
  ["127.0.0.1:80", LOOPBACK_6, 80, false],
  // The same address, written in other ways.
  ["127.0.0.1:80", mapped(LOOPBACK), 80, true],
  ["127.0.0.1:80", "00000000", 80, true],
  ["127.0.0.1:80", mapped("00000000"), 80, true],
  ["[::1]:80", ZEROS, 80, true],
  ["[::ffff:127.0.0.1]:80", LOOPBACK, 80, true],
  // Others that look like it.
  ["127.0.0.1:80", compatible(LOOPBACK), 80, false],
  ["127.0.0.1:80", ZEROS, 80, false],
  ["[::1]:80", "00000001", 80, false],
  ["[::1]:80", mapped("00000001"), 80, false],
  // What is denied for one way to write it is denied for all.
  ["10.0.0.1:80", "00000000", 80, false],
  ["10.0.0.1:80", mapped(LOOPBACK), 80, false],
  ["10.0.0.0/8:*", "0a123456", 1, true],
  ["10.0.0.0/8:*", mapped("0affffff"), 65535, true],
  ["10.0.0.0/8:*", "0b000000", 1, false],
  ["10.0.0.0/9:*", "0a7fffff", 1, true],
  ["10.0.0.0/9:*", "0a800000", 1, false],
  ["0.0.0.0/0:1", "08080808", 1, true],
  ["0.0.0.0/0:1", mapped("08080808"), 1, true],
  ["0.0.0.0/0:1", LOOPBACK_6, 1, false],
  ["[::]/0:1", LOOPBACK_6, 1, true],
  ["[::]/0:1", LOOPBACK, 1, false],
  ["[::]/0:1", mapped(LOOPBACK), 1, false],
  ["[::]/0:1", mapped("00000000"), 1, false],
  ["[fd00::]/8:1", "fd" + "00".repeat(15), 1, true],
  ["[fd00::]/8:1", "fe" + "00".repeat(15), 1, false],
  ["[2001:db8::]/33:1", "20010db87fff" + "00".repeat(10), 1, true],
  ["[2001:db8::]/33:1", "20010db88000" + "00".repeat(10), 1, false],
  ["*:443", LOOPBACK, 443, true],
  ["*:443", LOOPBACK_6, 443, true],
  ["*:443", LOOPBACK, 444, false],
  ["*:8000-8999", LOOPBACK, 7999, false],
  ["*:8000-8999", LOOPBACK, 8000, true],
  ["*:8000-8999", LOOPBACK, 8999, true],
  ["*:8000-8999", LOOPBACK, 9000, false],
  ["localhost:1", LOOPBACK, 1, true],
  ["localhost:1", LOOPBACK_6, 1, true],
  ["localhost:1", "7f000002", 1, false],
];

const listenRows: readonly Row[] = [
  ["127.0.0.1:80", LOOPBACK, 80, true],
  ["127.0.0.1:80", mapped(LOOPBACK), 80, true],
  ["127.0.0.1:80", LOOPBACK, 0, false],
  ["127.0.0.1:0", LOOPBACK, 0, true],
  ["127.0.0.1:*", LOOPBACK, 0, true],
  // To listen on all addresses takes a grant of all of them.
  ["127.0.0.1:80", "00000000", 80, false],
  ["127.0.0.1:80", mapped("00000000"), 80, false],
  ["127.0.0.1:80", ZEROS, 80, false],
  ["0.0.0.0/1:80", "00000000", 80, false],
  ["[::]/1:80", ZEROS, 80, false],
  ["[::1]:80", ZEROS, 80, false],
  ["0.0.0.0:80", "00000000", 80, true],
  ["0.0.0.0:80", mapped("00000000"), 80, true],
  ["0.0.0.0:80", LOOPBACK, 80, true],
  // On `::` the system takes IPv4 as well.
  ["0.0.0.0:80", ZEROS, 80, false],
  ["[::]/0:80", ZEROS, 80, false],
  ["[::]:80", ZEROS, 80, true],
  ["[::]:80", "00000000", 80, true],
  ["[::]:80", LOOPBACK, 80, true],
  ["*:80", ZEROS, 80, true],
  ["*:80", "00000000", 80, true],
  ["*:80", LOOPBACK, 81, false],
];

test("what may be connected to", () => {
  for (const [pattern, digits, port, granted] of connectRows) {
    const wanted = granted ? 0 : -Errno.EACCES;
    const what = `${pattern} for ${digits} ${port}`;
    assert.is(check(connect(pattern), Use.Connect, digits, port), wanted, what);
    assert.is(check(listen(pattern.replace("[::]:", "[::1]:")), Use.Connect, digits, port),
      -Errno.EACCES, "to listen is another grant");
  }
});

test("what may be listened on", () => {
  for (const [pattern, digits, port, granted] of listenRows) {
    const wanted = granted ? 0 : -Errno.EACCES;
    const what = `${pattern} for ${digits} ${port}`;
    assert.is(check(listen(pattern), Use.Listen, digits, port), wanted, what);
  }
});

test("whatever is refused, the pattern for just that would allow it", () => {
  for (const use of [Use.Connect, Use.Listen]) {
    for (const [, digits, port] of [...connectRows, ...listenRows]) {
      const asked = record(digits, port);
      const none = new Network(new ContextBuilder().build().grants.network);
      assert.is(none.check(asked, use), -Errno.EACCES);
      const pattern = patternOf(asked);
      const grant = use === Use.Connect ? connect(pattern) : listen(pattern);
      assert.is(check(grant, use, digits, port), 0, pattern);
    }
  }
});

const GROUP = "e00000fb";
const GROUP_6 = "ff02" + "00".repeat(13) + "fb";

const joinRows: readonly Row[] = [
  ["224.0.0.251:5353", GROUP, 0, true],
  ["224.0.0.251:5353", mapped(GROUP), 7, true],
  ["224.0.0.251:5353", "e00000fc", 5353, false],
  ["224.0.0.0/4:*", GROUP, 0, true],
  ["[ff02::fb]:5353", GROUP_6, 0, true],
  ["[ff02::fb]:5353", GROUP, 0, false],
  ["0.0.0.0:5353", GROUP, 0, true],
  ["0.0.0.0:5353", GROUP_6, 0, false],
  ["[::]:5353", GROUP_6, 0, true],
  ["*:5353", GROUP, 0, true],
  ["127.0.0.1:*", GROUP, 0, false],
];

test("which groups may be joined: those that may be listened on, on any port", () => {
  for (const [pattern, digits, port, granted] of joinRows) {
    const wanted = granted ? 0 : -Errno.EACCES;
    const what = `${pattern} for ${digits} ${port}`;
    assert.is(check(listen(pattern), Use.Join, digits, port), wanted, what);
  }
  const sender = connect("224.0.0.251:5353");
  assert.is(check(sender, Use.Join, GROUP, 5353), -Errno.EACCES, "to send is another grant");
});

test("nothing is granted by itself, everything by allowNet", () => {
  const none = new Network(new ContextBuilder().build().grants.network);
  assert.is(none.mayLookUp, false);
  for (const use of [Use.Listen, Use.Connect, Use.Join]) {
    assert.is(check((builder) => builder, use, LOOPBACK, 80), -Errno.EACCES);
    for (const digits of [LOOPBACK, LOOPBACK_6, ZEROS, "00000000", "ffffffff"]) {
      assert.is(check((builder) => builder.allowNet(), use, digits, 0), 0);
      assert.is(check((builder) => builder.allowAll("/"), use, digits, 65535), 0);
    }
  }
  const some = new Network(connect("127.0.0.1:1")(new ContextBuilder()).build().grants.network);
  assert.is(some.mayLookUp, true);
});

test("the system is told the address that was checked", () => {
  const network = new Network(new ContextBuilder().allowNet().build().grants.network);
  const cases: readonly (readonly [given: string, told: string])[] = [
    ["00000000", LOOPBACK], [ZEROS, LOOPBACK_6], [mapped("00000000"), mapped(LOOPBACK)],
    ["01020304", "01020304"], [mapped("01020304"), mapped("01020304")],
  ];
  for (const [given, told] of cases) {
    const address = record(given, 80);
    assert.is(network.check(address, Use.Connect), 0);
    assert.equal(address, record(told, 80));
    const bound = record(given, 80);
    assert.is(network.check(bound, Use.Listen), 0);
    assert.equal(bound, record(given, 80));
  }
});

test("records that are no addresses", () => {
  const network = new Network(new ContextBuilder().allowNet().build().grants.network);
  const spoil = (offset: number, value: number, digits = LOOPBACK): number => {
    const address = record(digits, 80);
    new DataView(address.buffer).setUint32(offset, value, true);
    return network.check(address, Use.Connect);
  };
  for (const family of [0, 1, 2, 5, 10, 0x10004, 0xffffffff]) {
    assert.is(spoil(SocketAddress.Family, family), -Errno.EAFNOSUPPORT, `family ${family}`);
  }
  for (const port of [65536, 0x10050, 0xffffffff]) {
    assert.is(spoil(SocketAddress.Port, port), -Errno.EINVAL, `port ${port}`);
  }
  // What has no meaning is nothing.
  for (let offset = SocketAddress.Address + 4; offset < SocketAddress.Size; offset += 4) {
    assert.is(spoil(offset, 1), -Errno.EINVAL, `a word at ${offset} of IPv4`);
    assert.is(spoil(offset, 1, LOOPBACK_6), 0, `a word at ${offset} of IPv6`);
  }
});

const mistakes: readonly (readonly [pattern: string, message: RegExp])[] = [
  ["", /no port/], ["127.0.0.1", /no port/], ["[::1]", /no port/], ["*", /no port/],
  ["127.0.0.1:", /"" is no port/], ["*:x", /"x" is no port/], ["*:65536", /"65536"/],
  ["*:9-8", /"9-8"/], ["*:1-65536", /"1-65536"/], ["*:-1", /"-1"/], ["*:1-", /"1-"/],
  ["example.com:80", /"example.com" is no address/], ["1.2.3:80", /"1.2.3"/],
  ["1.2.3.256:80", /"1.2.3.256"/], ["::1:80", /"::" is no address|":" is no address|"::1"/],
  ["[1.2.3.4]:80", /"\[1.2.3.4\]"/], ["[1::2::3]:80", /is no address/], ["[:]:80", /is no addr/],
  ["[1:2:3:4:5:6:7]:80", /is no address/], ["[1:2:3:4:5:6:7:8:9]:80", /is no address/],
  ["[12345::]:80", /is no address/], ["[::1.2.3]:80", /is no address/], ["[]:80", /is no addr/],
  ["[1:2:3:4:5:6:7:8::]:80", /is no address/], ["[1.2.3.4::]:80", /is no address/],
  ["10.0.0.0/33:80", /is no address/], ["[::]/129:80", /is no address/],
  ["10.0.0.0/:80", /is no address/], ["[::/8]:80", /is no address/], [":80", /"" is no address/],
];

test("mistakes in a pattern are told", () => {
  for (const [pattern, message] of mistakes) {
    for (const grant of [listen, connect]) {
      assert.throws(() => grant(pattern)(new ContextBuilder()), message);
    }
  }
  for (const pattern of ["0.0.0.0:80", "[::]:80", "[::ffff:0.0.0.0]:80"]) {
    assert.throws(() => connect(pattern)(new ContextBuilder()), /nobody is at/);
  }
});

test.run();
