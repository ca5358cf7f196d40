import { lookup as systemLookup, type LookupAddress } from "node:dns";
import { isIP } from "node:net";
import { createSecureContext, getCACertificates, type SecureContext } from "node:tls";

import { buildConnector } from "undici";

import { PortError } from "../domain/errors.ts";
import { refusedAddress } from "./address.ts";

/** All addresses of a name. A parameter so that tests can rebind a name between two look-ups. */
export type Resolve = (host: string, done: (error: Error | null, addresses: readonly LookupAddress[]) => void) => void;

export type ConnectorOptions = {
  /** PEM certificates trusted beside the system's. */
  readonly ca: readonly string[];
  readonly connectTimeoutMs: number;
  readonly resolve?: Resolve | undefined;
};

export type Connectors = {
  /** For hosts the operator named: any address. */
  readonly trusted: buildConnector.connector;
  /** For every other host: the address is judged when the connection is made, so a rebound name gains nothing. */
  readonly guarded: buildConnector.connector;
};

export function createConnectors(options: ConnectorOptions): Connectors {
  const resolve = options.resolve ?? resolveBySystem;
  const tls = once(() => secureContext(options.ca));
  const build = (judge: Judge): buildConnector.connector => {
    const common = { timeout: options.connectTimeoutMs, allowH2: false, lookup: lookupBy(resolve, judge) };
    const plain = buildConnector(common);
    // Stated, because NODE_TLS_REJECT_UNAUTHORIZED in the environment would otherwise switch verification off.
    const secure = once(() => buildConnector({ ...common, rejectUnauthorized: true, secureContext: tls() }));
    return (target, done) => (target.protocol === "https:" ? secure() : plain)(target, done);
  };
  const checked = build(refusedAddress);
  return { trusted: build(() => undefined), guarded: (target, done) => connectGuarded(checked, target, done) };
}

/** Reading the roots costs some 80 ms, which a run without TLS does not owe. */
function once<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined;
  return () => (made ??= { value: make() }).value;
}

/** node:net asks no `lookup` for a literal address, so those are judged here. */
function connectGuarded(
  connect: buildConnector.connector,
  target: buildConnector.Options,
  done: buildConnector.Callback,
): void {
  const why = isIP(target.hostname) === 0 ? undefined : refusedAddress(target.hostname);
  if (why === undefined) connect(target, done);
  else queueMicrotask(() => done(blocked(target.hostname, target.hostname, why), null));
}

function blocked(host: string, address: string, why: string): PortError {
  const found = host === address ? `is ${why}` : `resolves to ${address}, which is ${why}`;
  return new PortError("blocked-address", host, `${found}: name the host in ASSAY_PRIVATE_HOSTS if it is meant`);
}

/** Why an address is refused, if it is. */
type Judge = (address: string) => string | undefined;

type LookupDone = (error: Error | null, address: string | LookupAddress[], family?: number) => void;

/** One refused address refuses the name: a public name with a private address is a trap or a mistake. */
function lookupBy(resolve: Resolve, judge: Judge) {
  return (host: string, options: { readonly all?: boolean | undefined }, done: LookupDone): void =>
    resolve(host, (error, addresses) => {
      if (error !== null) return done(error, []);
      for (const { address } of addresses) {
        const why = judge(address);
        if (why !== undefined) return done(blocked(host, address, why), []);
      }
      const [first] = addresses;
      if (first === undefined) return done(new PortError("unreachable", host, "the name has no address"), []);
      return options.all === true ? done(null, [...addresses]) : done(null, first.address, first.family);
    });
}

const resolveBySystem: Resolve = (host, done) =>
  systemLookup(host, { all: true }, (error, addresses) => done(error, error === null ? addresses : []));

/** Built once: OpenSSL parses every root again for each connection that is given certificates instead of a context. */
function secureContext(ca: readonly string[]): SecureContext {
  const roots = new Set([...getCACertificates("default"), ...getCACertificates("system"), ...ca]);
  return createSecureContext({ ca: [...roots] });
}
