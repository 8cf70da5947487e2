/** Addresses against tables made by hand from Rust's, and against the parsers that Node has. */
import net from "node:net";
import { assert, suite } from "../harness.js";
import { generator } from "../host/fuzz.js";
import { compileGuest, runGuest } from "./guest.js";

type Row = readonly [question: string, text: string, answer: string];

/** What is refused is refused with its own text. */
const NO_IP = ": not an IP address";
const NO_SOCKET = ": not a socket address";

const rows: Row[] = [
  ["ip", "0.0.0.0", "0.0.0.0"],
  ["ip", "255.255.255.255", "255.255.255.255"],
  ["ip", "1.2.3.4", "1.2.3.4"],
  ["ip", "::", "::"],
  ["ip", "::1", "::1"],
  ["ip", "1::", "1::"],
  ["ip", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"],
  ["ip", "2001:DB8::ABCD", "2001:db8::abcd"],
  ["ip", "0:0:0:0:0:0:0:0", "::"],
  ["ip", "1:0:0:4:5:0:0:8", "1::4:5:0:0:8"],
  ["ip", "1:0:0:4:0:0:0:8", "1:0:0:4::8"],
  ["ip", "1:2:3:4:5:6:0:8", "1:2:3:4:5:6:0:8"],
  ["ip", "1:2:3:4:5:6:0:0", "1:2:3:4:5:6::"],
  ["ip", "0:0:3:4:5:6:7:8", "::3:4:5:6:7:8"],
  ["ip", "1::3:4:5:6:7:8", "1:0:3:4:5:6:7:8"],
  ["ip", "::ffff:1.2.3.4", "::ffff:1.2.3.4"],
  ["ip", "::ffff:102:304", "::ffff:1.2.3.4"],
  ["ip", "::1.2.3.4", "::102:304"],
  ["ip", "1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"],
  ["ip", "64:ff9b::192.0.2.33", "64:ff9b::c000:221"],
  ["socket", "127.0.0.1:80", "127.0.0.1:80"],
  ["socket", "127.0.0.1:0", "127.0.0.1:0"],
  ["socket", "127.0.0.1:65535", "127.0.0.1:65535"],
  ["socket", "127.0.0.1:0080", "127.0.0.1:80"],
  ["socket", "[::1]:80", "[::1]:80"],
  ["socket", "[fe80::1%2]:80", "[fe80::1%2]:80"],
  ["socket", "[fe80::1%0]:80", "[fe80::1]:80"],
  ["socket", "[::ffff:1.2.3.4]:1", "[::ffff:1.2.3.4]:1"],
  ["octets", "1.2.3.255", "1 2 3 255"],
  ["octets", "102:304::f00f", "1 2 3 4 0 0 0 0 0 0 0 0 0 0 240 15"],
  ["canonical", "::ffff:1.2.3.4", "1.2.3.4"],
  ["canonical", "1.2.3.4", "1.2.3.4"],
  ["canonical", "::1.2.3.4", "::102:304"],
  ["canonical", "1::ffff:1.2.3.4", "1::ffff:102:304"],
  ["ipv6", "1.2.3.4", "::ffff:1.2.3.4"],
  ["ipv6", "::1", "::1"],
  ["kind", "127.0.0.1", "v4 loopback localhost"],
  ["kind", "127.9.9.9", "v4 loopback"],
  ["kind", "128.0.0.1", "v4"],
  ["kind", "::1", "v6 loopback localhostV6"],
  ["kind", "::ffff:127.0.0.1", "v6"],
  ["kind", "0.0.0.0", "v4 unspecified"],
  ["kind", "::", "v6 unspecified"],
  ["kind", "224.0.0.1", "v4 multicast"],
  ["kind", "239.255.255.255", "v4 multicast"],
  ["kind", "240.0.0.1", "v4"],
  ["kind", "ff02::1", "v6 multicast"],
  ["kind", "fe80::1", "v6"],
  ["kind", "192.0.2.200", "v4 example"],
];

const noAddresses: Record<string, string> = {
  "": "a number from 0 to 255 is missing",
  " ": '" " is not a number from 0 to 255',
  "1": "an IPv4 address has four numbers",
  "1.2.3": "an IPv4 address has four numbers",
  "1.2.3.4.5": '".5" is too much',
  "1.2.3.256": '"256" is not a number from 0 to 255',
  "1.2.3.": "a number from 0 to 255 is missing",
  ".1.2.3": "a number from 0 to 255 is missing",
  "1..2.3": "a number from 0 to 255 is missing",
  "01.2.3.4": '"01" begins with a zero',
  "1.2.3.04": '"04" begins with a zero',
  "1.2.3.4 ": '"4 " is not a number from 0 to 255',
  " 1.2.3.4": '" 1" is not a number from 0 to 255',
  "0x1.2.3.4": '"0x1" is not a number from 0 to 255',
  "1.2.3.-4": '"-4" is not a number from 0 to 255',
  "1.2.3.+4": '"+4" is not a number from 0 to 255',
  "999999999999.1.1.1": '"999999999999" is not a number from 0 to 255',
  "99999999999999999999999.1.1.1": '"99999999999999999999999" is not a number from 0 to 255',
  "１.2.3.4": '"１" is not a number from 0 to 255',
  "localhost": '"localhost" is not a number from 0 to 255',
  ":": 'a group of hexadecimal digits, or "::", is missing at the end',
  ":::": '":" is too much',
  "1:": 'a group of hexadecimal digits, or "::", is missing at the end',
  ":1": 'a group of hexadecimal digits, or "::", is missing before "1"',
  "1:2:3:4:5:6:7": 'a group of hexadecimal digits, or "::", is missing at the end',
  "1:2:3:4:5:6:7:8:9": '":9" is too much',
  "1::2::3": '"::3" is too much',
  "12345::": '"12345" is not a group of 1 to 4 hexadecimal digits',
  "00001::": '"00001" is not a group of 1 to 4 hexadecimal digits',
  "1:fg::": '"fg" is not a group of 1 to 4 hexadecimal digits',
  "g::": 'a group of hexadecimal digits, or "::", is missing before "g::"',
  "1:2:3:4:5:6:7:8::": '"::" is too much',
  "::1:2:3:4:5:6:7:8": '":8" is too much',
  "1:2:3:4:5:6:7:1.2.3.4": '".2.3.4" is too much',
  "::1.2.3": "an IPv4 address has four numbers",
  "::1.2.3.4:5": '":5" is too much',
  "1.2.3.4::": "an IPv4 address is the end of an IPv6 address",
  "::%1": '"%1" is too much',
  "[::1]": 'a group of hexadecimal digits, or "::", is missing before "[::1]"',
  "fe80::1%2": '"%2" is too much',
};

const PORT = "a port from 0 to 65535";

const noSockets: Record<string, string> = {
  "": "a number from 0 to 255 is missing",
  "127.0.0.1": `${PORT} is missing`,
  "127.0.0.1:": `${PORT} is missing`,
  "127.0.0.1:65536": `"65536" is not ${PORT}`,
  "127.0.0.1:99999999999999999999": `"99999999999999999999" is not ${PORT}`,
  "127.0.0.1:-1": `"-1" is not ${PORT}`,
  "127.0.0.1:80 ": `"80 " is not ${PORT}`,
  "127.0.0.1:8o": `"8o" is not ${PORT}`,
  "127.0.0.1%1:80": '":" and a port are missing before "%1:80"',
  "127.0.0.1.1:80": '":" and a port are missing before ".1:80"',
  "localhost:80": '"localhost" is not a number from 0 to 255',
  ":80": "a number from 0 to 255 is missing",
  "::1:80": "an IPv6 address goes into brackets, as in [::1]:80",
  "::1]:80": "an IPv6 address goes into brackets, as in [::1]:80",
  "[::1]": `${PORT} is missing`,
  "[::1]80": '":" and a port are missing before "80"',
  "[::1]:": `${PORT} is missing`,
  "[::1]:80]": '"]" is too much',
  "[::1": '"]" is missing at the end',
  "[::x]:80": '"]" is missing before "x]:80"',
  "[]:80": 'a group of hexadecimal digits, or "::", is missing before "]:80"',
  "[127.0.0.1]:80": "an IPv4 address is the end of an IPv6 address",
  "[fe80::1%]:80": "the number of an interface is missing",
  "[fe80::1%lo]:80": '"lo" is not the number of an interface',
  "[::1%4294967296]:80": '"4294967296" is not the number of an interface',
};

const test = suite("std/net: addresses");
let wasm = "";

test.before(async () => {
  wasm = await compileGuest("std/address.ts");
});

async function ask(questions: readonly (readonly [string, string])[]): Promise<string[]> {
  const input = questions.map((words) => words.join("\t") + "\n").join("");
  const { stdout, stderr, code } = await runGuest(wasm, { input, grants: [] });
  assert.is(stderr, "");
  assert.is(code, 0);
  return stdout.split("\n").slice(0, -1);
}

test("what is an address, and how it is written", async () => {
  const answers = await ask(rows.map(([question, text]) => [question, text]));
  assert.equal(answers.map((answer, index) => [...rows[index]!.slice(0, 2), answer]), rows);
});

test("what is none, and why", async () => {
  const questions = [
    ...Object.entries(noAddresses).map((row) => ["ip", ...row] as const),
    ...Object.entries(noSockets).map((row) => ["socket", ...row] as const),
  ];
  const answers = await ask(questions.map(([question, text]) => [question, text]));
  const wanted = questions.map(([question, text, why]) =>
    `parse "${text}"${question === "ip" ? NO_IP : NO_SOCKET}: ${why}`);
  assert.equal(answers, wanted);
});

test("random addresses, as Node sees them", async () => {
  const random = generator(7);
  const pieces = ["0", "1", "f", "ffff", "12", ":", "::", ":", ".", "255", "256", "00", "abcd"];
  const texts = Array.from({ length: 4000 }, (_, index) => {
    if (index % 2 === 0) {
      return Array.from({ length: random(18) }, () => pieces[random(pieces.length)]!).join("");
    }
    const groups = Array.from({ length: 8 }, () => random(3) === 0 ? random(65536) : 0);
    return groups.map((group) => group.toString(16)).join(":");
  });
  const answers = await ask(texts.map((text) => ["ip", text]));
  for (const [index, text] of texts.entries()) {
    const isAddress = net.isIP(text) !== 0;
    assert.is(!answers[index]!.includes(NO_IP), isAddress, text);
    // What a URL makes of it is RFC 5952, except that it knows no mapped addresses.
    if (!isAddress || !text.includes(":") || answers[index]!.includes(".")) continue;
    assert.is(`[${answers[index]}]`, new URL(`http://[${text}]`).hostname, text);
  }
});

test.run();
