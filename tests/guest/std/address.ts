/** Answers questions about addresses: one line each, `question TAB text`. */
import { BufReader, Result, print, stdin } from "std/io";
import { IpAddr, SocketAddr } from "std/net";

export async function main(): Promise<void> {
  const input = new BufReader(stdin());
  let answers = "";
  while (true) {
    const line = (await input.readLine()).unwrap();
    if (line.length == 0) break;
    const fields = line.substring(0, line.length - 1).split("\t");
    answers += answer(fields[0], fields[1]) + "\n";
  }
  (await print(answers)).unwrap();
}

function answer(question: string, text: string): string {
  if (question == "socket") return socket(SocketAddr.parse(text));
  const parsed = IpAddr.parse(text);
  if (parsed.isErr) return parsed.error.message;
  const ip = parsed.unwrap();
  if (question == "octets") return octets(ip);
  if (question == "canonical") return ip.toCanonical().toString();
  if (question == "ipv6") return ip.toIpv6().toString();
  if (question == "kind") return kind(ip);
  return ip.toString();
}

function socket(parsed: Result<SocketAddr>): string {
  if (parsed.isErr) return parsed.error.message;
  const address = parsed.unwrap();
  const again = SocketAddr.parse(address.toString()).unwrap();
  if (!again.equals(address)) return "not the same again";
  return address.toString();
}

function octets(ip: IpAddr): string {
  const bytes = ip.octets();
  let text = "";
  for (let i = 0; i < bytes.length; i++) text += (i == 0 ? "" : " ") + bytes[i].toString();
  return text;
}

function kind(ip: IpAddr): string {
  let text = ip.isIpv4 ? "v4" : "v6";
  if (ip.isIpv4 == ip.isIpv6) text += " both";
  if (ip.isLoopback) text += " loopback";
  if (ip.isUnspecified) text += " unspecified";
  if (ip.isMulticast) text += " multicast";
  if (ip.equals(IpAddr.localhost())) text += " localhost";
  if (ip.equals(IpAddr.v6(0, 0, 0, 0, 0, 0, 0, 1))) text += " localhostV6";
  if (ip.equals(IpAddr.v4(192, 0, 2, 200))) text += " example";
  return text;
}
