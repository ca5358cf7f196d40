/**
 * One spelling for hosts that lead to the same registry, so that writing one differently dodges no policy: case, port 443
 * beside none, zeros before a port, and the many ways to write an IPv6 address (RFC 5952 names them).
 */
export function canonicalHost(host: string): string {
  const lower = host.toLowerCase();
  const match = /^\[([0-9a-f:.]+)\](.*)$/.exec(lower);
  if (match === null) return withPlainPort(lower);
  return withPlainPort(`[${expanded(match[1] ?? "")}]${match[2] ?? ""}`);
}

function withPlainPort(host: string): string {
  return host.replace(/:0*([0-9]+)$/, (_, port: string) => (port === "443" ? "" : `:${port}`));
}

const GROUPS = 8;

/** All eight groups without leading zeros. What is no address stays as it is, and so equals nothing but itself. */
function expanded(address: string): string {
  const halves = withoutDots(address).split("::");
  const [head = [], tail = []] = halves.map((half) => (half === "" ? [] : half.split(":")));
  const missing = GROUPS - head.length - tail.length;
  if (halves.length > 2 || missing < 0 || (halves.length === 1 && missing !== 0)) return address;
  const groups = [...head, ...Array.from({ length: missing }, () => "0"), ...tail];
  return groups.map((group) => group.replace(/^0+(?=.)/, "")).join(":");
}

/** `::ffff:192.0.2.1` ends in an IPv4 address, which is two groups written otherwise. */
function withoutDots(address: string): string {
  return address.replace(/(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/, (_, ...parts: readonly string[]) => {
    const [a = 0, b = 0, c = 0, d = 0] = parts.slice(0, 4).map(Number);
    return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  });
}
