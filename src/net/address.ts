import { isIP } from "node:net";

/** An address as bytes: 4 for IPv4, 16 for IPv6. */
type AddressBytes = readonly number[];

type Range = { readonly prefix: AddressBytes; readonly bits: number; readonly name: string };

function range(cidr: string, name: string): Range {
  const [address = "", bits = ""] = cidr.split("/");
  return { prefix: bytesOf(address), bits: Number(bits), name };
}

/** IANA's special-purpose registries (RFC 6890 and its successors), and the one public address that is a cloud's own service. */
const REFUSED_V4: readonly Range[] = [
  range("0.0.0.0/8", "this network"),
  range("10.0.0.0/8", "private"),
  range("100.64.0.0/10", "carrier-grade NAT"),
  range("127.0.0.0/8", "loopback"),
  range("168.63.129.16/32", "Azure platform service"),
  range("169.254.0.0/16", "link-local or cloud metadata"),
  range("172.16.0.0/12", "private"),
  range("192.0.0.0/24", "IETF assignment"),
  range("192.0.2.0/24", "documentation"),
  range("192.88.99.0/24", "6to4 relay"),
  range("192.168.0.0/16", "private"),
  range("198.18.0.0/15", "benchmarking"),
  range("198.51.100.0/24", "documentation"),
  range("203.0.113.0/24", "documentation"),
  range("224.0.0.0/4", "multicast"),
  range("240.0.0.0/4", "reserved or broadcast"),
];

/** Inside 2000::/3, the only block of global unicast; what lies outside it is refused whole. */
const REFUSED_V6: readonly Range[] = [
  range("2001::/23", "IETF assignment"),
  range("2001:db8::/32", "documentation"),
  range("2002::/16", "6to4"),
  range("3fff::/20", "documentation"),
];

const GLOBAL_V6 = range("2000::/3", "global unicast");

/** IPv6 that only wraps an IPv4 address, which is what gets reached: RFC 4291 2.5.5.2 and RFC 6052 2.1. */
const WRAPS_V4: readonly Range[] = [range("::ffff:0:0/96", "IPv4-mapped"), range("64:ff9b::/96", "NAT64")];

/** Why an address may not be reached on somebody else's word, or `undefined` for a public one. Unreadable text is refused. */
export function refusedAddress(address: string): string | undefined {
  const text = address.split("%", 1)[0] ?? "";
  if (isIP(text) === 0) return "not an address";
  const bytes = bytesOf(text);
  return bytes.length === 4 ? refusedV4(bytes) : refusedV6(bytes);
}

function refusedV4(bytes: AddressBytes): string | undefined {
  return REFUSED_V4.find((range) => holds(range, bytes))?.name;
}

function refusedV6(bytes: AddressBytes): string | undefined {
  if (WRAPS_V4.some((range) => holds(range, bytes))) return refusedV4(bytes.slice(12));
  if (!holds(GLOBAL_V6, bytes)) return "not global unicast";
  return REFUSED_V6.find((range) => holds(range, bytes))?.name;
}

function holds({ prefix, bits }: Range, bytes: AddressBytes): boolean {
  return prefix.every((wanted, at) => {
    const mask = (0xff << (8 - Math.min(8, Math.max(0, bits - at * 8)))) & 0xff;
    return (wanted & mask) === ((bytes[at] ?? 0) & mask);
  });
}

/** For text that `isIP` accepted. */
function bytesOf(text: string): AddressBytes {
  if (!text.includes(":")) return text.split(".").map(Number);
  const dotted = /[^:]*\.[^:]*$/.exec(text)?.[0];
  const hex = dotted === undefined ? text : text.slice(0, -dotted.length) + hexOfV4(dotted);
  const [head = "", tail] = hex.split("::");
  const front = groupsOf(head);
  const back = groupsOf(tail ?? "");
  const gap = Array.from({ length: 8 - front.length - back.length }, () => 0);
  return [...front, ...gap, ...back].flatMap((group) => [group >> 8, group & 0xff]);
}

function groupsOf(text: string): readonly number[] {
  return text === "" ? [] : text.split(":").map((group) => Number.parseInt(group, 16));
}

function hexOfV4(dotted: string): string {
  const [a = 0, b = 0, c = 0, d = 0] = dotted.split(".").map(Number);
  return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
}
